"""What the server sends: one class per message, tagged by `type`.

`seq` and `t_ms` are on every message; the codec adds them when the message leaves.
"""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from voice_server.protocol.config import Config
from voice_server.protocol.heartbeat import Ping, Pong
from voice_server.protocol.wire import U32, Count, Wire


class Limits(Wire):
    """What the server allows this session."""

    message_bytes: int
    """The longest text frame, as UTF-8."""
    text_chars: int
    """The longest `text`."""
    instructions_chars: int
    """The longest `config.instructions`."""
    audio_ms: int
    """The longest binary frame."""
    lead_ms: int
    """How far the server's audio runs ahead of what was played."""
    idle_ms: int | None = None
    """Nobody spoke for this long: the session ends. Absent: never."""
    voices: tuple[str, ...] = ()
    """What `config.voice` may be."""


class SessionStarted(Wire):
    """The session is there. The answer to `session.start`."""

    type: Literal["session.started"] = "session.started"
    session: str
    """Its id."""
    token: str
    """The secret that `session.resume` needs."""
    config: Config
    """The resolved configuration: every field that has a value."""
    heartbeat_ms: Count
    """How often to ping."""
    resume_window_ms: Count
    """How long the session is kept after its connection is lost."""
    limits: Limits
    """What the server allows."""
    capture: bool = False
    """Whether the server writes this session down: what is said, sent and decided in it."""


class SessionResumed(Wire):
    """The session goes on. The answer to `session.resume`; the missed messages follow, then the audio.

    Its `seq` is the `last_seq` that the client named: it stands outside the numbers of the session.
    """

    type: Literal["session.resumed"] = "session.resumed"
    session: str
    """Its id."""
    from_seq: Count
    """The `seq` of the first message that follows again."""
    response: U32 | None = None
    """The response that goes on, if one was cut."""
    position: U32 | None = None
    """The sample of it at which its audio goes on. Pass over what was there already."""
    token: str | None = None
    """What the next `session.resume` needs. The one before is good until the client has sent an `ack`."""


class SessionUpdated(Wire):
    """The configuration has changed. The answer to `session.update`."""

    type: Literal["session.updated"] = "session.updated"
    config: Config
    """The resolved configuration: every field that has a value."""


class SessionEnded(Wire):
    """The last message of a session."""

    type: Literal["session.ended"] = "session.ended"
    reason: str
    """`client` when the client asked for it; else why."""


class SpeechStarted(Wire):
    """The user began to speak, or went on within the same turn."""

    type: Literal["speech.started"] = "speech.started"
    turn: U32
    """The turn it belongs to."""
    at_ms: U32
    """Input clock."""


class SpeechStopped(Wire):
    """The user fell silent. The turn may go on: then another `speech.started` of it follows."""

    type: Literal["speech.stopped"] = "speech.stopped"
    turn: U32
    """The turn it belongs to."""
    at_ms: U32
    """Input clock."""


class TranscriptPartial(Wire):
    """The hypothesis so far; each one replaces the one before."""

    type: Literal["transcript.partial"] = "transcript.partial"
    turn: U32
    """The turn it belongs to."""
    text: str
    """All of the turn so far."""
    stable: Count
    """So many characters (Unicode code points) at its beginning will not change."""


class TranscriptFinal(Wire):
    """What the user said. One per turn that had words."""

    type: Literal["transcript.final"] = "transcript.final"
    turn: U32
    """The turn."""
    text: str
    """All of it."""
    start_ms: U32
    """Where its speech begins. Input clock."""
    end_ms: U32
    """Where its speech ends. Input clock."""


class ResponseStarted(Wire):
    """The assistant begins a response."""

    type: Literal["response.started"] = "response.started"
    response: U32
    """Its id, as in the header of its audio."""
    turn: U32
    """The turn it answers."""


class ResponseText(Wire):
    """More of the assistant's text, as it is generated: ahead of the sound."""

    type: Literal["response.text"] = "response.text"
    response: U32
    """Which response."""
    delta: str
    """To be appended to what came before."""


class SpokenWord(Wire):
    """A word and when it sounds, from the first sample of the response."""

    text: str
    """The word as written, with its punctuation."""
    start_ms: U32
    """When it begins."""
    end_ms: U32
    """When it has sounded."""


class ResponseWords(Wire):
    """When words sound, for captions. Comes with or before their audio."""

    type: Literal["response.words"] = "response.words"
    response: U32
    """Which response."""
    words: tuple[SpokenWord, ...]
    """The next words, in order."""


class ResponseStop(Wire):
    """The stop signal: drop everything queued of this response now, then report `playback` once."""

    type: Literal["response.stop"] = "response.stop"
    response: U32
    """Which response."""
    reason: Literal["barge_in", "client", "replaced", "error"]
    """The user spoke; the client asked; another response takes its place; something failed."""
    at_ms: U32
    """Input clock."""


class ResponseResume(Wire):
    """The stop was a false alarm: audio goes on."""

    type: Literal["response.resume"] = "response.resume"
    response: U32
    """Which response."""
    position: U32
    """The sample at which its audio goes on. May lie before what was dropped."""


class Latency(Wire):
    """The turn's waterfall. A step that was not reached is absent."""

    transcript_final: int | None = None
    """The final transcript was there."""
    turn_end: int | None = None
    """The turn was held to be over."""
    first_token: int | None = None
    """The language model's first token."""
    first_clause: int | None = None
    """The first clause went to synthesis."""
    first_audio: int | None = None
    """The first audio was there."""
    first_playback: int | None = None
    """The first sample sounded, by the client's report or by assumption."""


class ResponseDone(Wire):
    """The response is over. Exactly one per response."""

    type: Literal["response.done"] = "response.done"
    response: U32
    """Which response."""
    status: Literal["completed", "interrupted", "failed"]
    """How it ended."""
    text: str
    """All that was generated."""
    heard: str
    """What the user heard of it: what the conversation keeps."""
    latency: Latency
    """When each step was reached, in ms after the end of the user's speech."""


class ToolCall(Wire):
    """The assistant wants a tool of the client run. Answer with `tool.result`."""

    type: Literal["tool.call"] = "tool.call"
    call: str
    """Its id."""
    response: U32
    """The response in which it was made."""
    name: str
    """The tool."""
    arguments: dict[str, JsonValue]
    """By name, as the tool's `parameters` describe them."""


class ToolCancelled(Wire):
    """The result is no longer wanted."""

    type: Literal["tool.cancelled"] = "tool.cancelled"
    call: str
    """Which call."""


class Error(Wire):
    """Something went wrong. Unless `fatal`, the session goes on."""

    type: Literal["error"] = "error"
    code: str
    """One word for programs."""
    message: str
    """A sentence for people."""
    fatal: bool
    """Whether the connection closes after it."""
    field: str | None = None
    """The place in the client's message, as in `config.turn.mode`."""
    in_reply_to: str | None = None
    """The `type` of the client's message."""
    retry_after_ms: Count | None = None
    """With `busy`: when to try again."""


ServerMessage = (
    SessionStarted
    | SessionResumed
    | SessionUpdated
    | SessionEnded
    | SpeechStarted
    | SpeechStopped
    | TranscriptPartial
    | TranscriptFinal
    | ResponseStarted
    | ResponseText
    | ResponseWords
    | ResponseStop
    | ResponseResume
    | ResponseDone
    | ToolCall
    | ToolCancelled
    | Error
    | Ping
    | Pong
)
