"""Error codes and close codes, and what they tell a client."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class CloseCode(IntEnum):
    """WebSocket close codes."""

    NORMAL = 1000
    RESTARTING = 1012
    BAD_MESSAGE = 4400
    UNAUTHORISED = 4401
    NO_SESSION = 4404
    UNRESPONSIVE = 4408
    TAKEN_OVER = 4409
    TOO_LARGE = 4413
    BUSY = 4429
    INTERNAL = 4500


CLOSE_MEANINGS = {
    CloseCode.NORMAL: "the session ended as asked",
    CloseCode.RESTARTING: "the server restarts: come back",
    CloseCode.BAD_MESSAGE: "bad message: the connection did not begin with a valid first message",
    CloseCode.UNAUTHORISED: "unauthorised: the key is missing or wrong",
    CloseCode.NO_SESSION: "no such session",
    CloseCode.UNRESPONSIVE: "heartbeat missed, or the reader stalled",
    CloseCode.TAKEN_OVER: "another connection took the session over",
    CloseCode.TOO_LARGE: "message too large, or too much at once",
    CloseCode.BUSY: "busy: an `error` with `retry_after_ms` came first",
    CloseCode.INTERNAL: "an error of the server",
}


class ErrorCode(StrEnum):
    """The `code` of an `error`. `turn_mode` and the failures of models come from the core."""

    BAD_JSON = "bad_json"
    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_FIELD = "unknown_field"
    BAD_FIELD = "bad_field"
    BAD_AUDIO = "bad_audio"
    NOT_NOW = "not_now"
    TURN_MODE = "turn_mode"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    TOO_MUCH = "too_much"
    UNAUTHORISED = "unauthorised"
    NO_SESSION = "no_session"
    BUSY = "busy"
    INTERNAL = "internal"
    TRANSCRIPTION_FAILED = "transcription_failed"
    GENERATION_FAILED = "generation_failed"
    SYNTHESIS_FAILED = "synthesis_failed"


ERROR_MEANINGS = {
    ErrorCode.BAD_JSON: "the text frame is not JSON; `message` says where",
    ErrorCode.BAD_MESSAGE: "not an object with a `type`, or not a first message",
    ErrorCode.UNKNOWN_TYPE: "no message has this `type`",
    ErrorCode.UNKNOWN_FIELD: "the message has no such `field`",
    ErrorCode.BAD_FIELD: "`field` is missing or has a wrong value; `message` says what was expected",
    ErrorCode.BAD_AUDIO: "a binary frame of an odd length, empty or too long; it was dropped",
    ErrorCode.NOT_NOW: "the message is valid but not at this point",
    ErrorCode.TURN_MODE: "`turn.start` or `turn.commit` in automatic mode, or out of order",
    ErrorCode.UNSUPPORTED: "this server cannot do that",
    ErrorCode.TOO_LARGE: "the frame is longer than the server reads",
    ErrorCode.TOO_MUCH: "what the client sends is too far ahead of its time",
    ErrorCode.UNAUTHORISED: "the key is missing or wrong",
    ErrorCode.NO_SESSION: "no such session, or a wrong token",
    ErrorCode.BUSY: "the server is full: try again after `retry_after_ms`",
    ErrorCode.INTERNAL: "an error of the server",
    ErrorCode.TRANSCRIPTION_FAILED: "the turn could not be transcribed",
    ErrorCode.GENERATION_FAILED: "the language model failed",
    ErrorCode.SYNTHESIS_FAILED: "a part of the response could not be spoken",
}
