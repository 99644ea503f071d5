"""The native dialect on any transport: decoding what comes in, naming what goes out."""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.audio.rates import MAX_INPUT_CHUNK_MS
from voice_server.core.commands import Fact
from voice_server.core.events import Configured
from voice_server.core.policy import SessionConfig
from voice_server.errors import ProtocolError
from voice_server.ports import Farewell, Notice, Opened, Pinged, Ponged, Refused, Relayed, Resumed
from voice_server.protocol import limits
from voice_server.protocol.client_messages import Ack
from voice_server.protocol.codec import decode, encode
from voice_server.protocol.codes import CloseCode, ErrorCode
from voice_server.protocol.complaints import meant, shown
from voice_server.protocol.configuring import resolved
from voice_server.protocol.frames import check_input
from voice_server.protocol.heartbeat import ClientPong, Ping, Pong
from voice_server.protocol.mapping import event_of, message_of
from voice_server.protocol.server_messages import (
    Error,
    Limits,
    ServerMessage,
    SessionResumed,
    SessionStarted,
)
from voice_server.runtime.inbound import Acked, Heard, Inbound
from voice_server.runtime.session import SessionRunner

CLOSE_CODES = {
    Farewell.ENDED: CloseCode.NORMAL,
    Farewell.TOO_LARGE: CloseCode.TOO_LARGE,
    Farewell.RESTARTING: CloseCode.RESTARTING,
    Farewell.UNRESPONSIVE: CloseCode.UNRESPONSIVE,
    Farewell.TAKEN_OVER: CloseCode.TAKEN_OVER,
    Farewell.FAILED: CloseCode.INTERNAL,
}
SHOWN_VOICES = 10


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server tells each client of its limits."""

    lead_ms: int
    heartbeat_ms: int
    resume_window_ms: int
    idle_ms: int | None
    voices: tuple[str, ...] = ()


def read(data: str | bytes, runner: SessionRunner) -> Inbound:
    """What one frame of a running session means; a complaint where it means nothing."""
    runner.watch.received(data)
    try:
        return _read(data, runner)
    except ProtocolError as problem:
        farewell = Farewell.TOO_LARGE if problem.close_code is not None else None
        return Refused(problem.code, problem.message, problem.field, problem.in_reply_to, farewell)


def _read(data: str | bytes, runner: SessionRunner) -> Inbound:
    if isinstance(data, bytes):
        check_input(data, runner.config.input_rate_hz)
        return Heard(data)
    message = decode(data)
    match message:
        case Ping(t=t):
            return Pinged(t)
        case ClientPong(t=t, t_ms=t_ms):
            return Ponged(t, t_ms)
        case Ack(seq=seq):
            return Acked(seq)
    event = event_of(message, runner.config, runner.heard_ms)
    if isinstance(event, Configured):
        check_voice(event.config, runner.voices, "session.update")
    return event


def check_voice(config: SessionConfig, voices: tuple[str, ...], sent_in: str) -> None:
    """Refuse a voice that the synthesizer has not. Raises ProtocolError, not fatal."""
    voice = config.voice
    if voice is not None and voice not in voices:
        known = meant(voice, voices) or f"; known are {', '.join(voices[:SHOWN_VOICES])}"
        why = f"config.voice: there is no voice {shown(voice)}{known}"
        raise ProtocolError(ErrorCode.BAD_FIELD, why, field="config.voice", in_reply_to=sent_in)


def written(item: Fact | Notice, rate_hz: int, terms: Terms) -> ServerMessage:
    """The message for what the client is to be told. `rate_hz`: of the output."""
    match item:
        case Opened():
            return _started(item, terms)
        case Resumed():
            return _resumed(item)
        case Pinged(t=t):
            return Ping(t=t)
        case Ponged(t=t):
            return Pong(t=t)
        case Refused():
            return _error(item)
        case Relayed():
            raise TypeError("what a link relays to itself is of its own protocol")
        case _:
            return message_of(item, rate_hz)


def told(item: Fact | Notice, rate_hz: int, seq: int, t_ms: int, terms: Terms) -> str:
    """The text frame for what the client is to be told."""
    return encode(written(item, rate_hz, terms), seq, t_ms)


def _error(refused: Refused) -> Error:
    return Error(
        code=refused.code,
        message=refused.message,
        fatal=refused.farewell is not None,
        field=refused.field,
        in_reply_to=refused.in_reply_to,
    )


def _resumed(resumed: Resumed) -> SessionResumed:
    return SessionResumed(
        session=resumed.session,
        token=resumed.token,
        from_seq=resumed.from_seq,
        response=resumed.response,
        position=resumed.position,
    )


def _started(opened: Opened, terms: Terms) -> SessionStarted:
    return SessionStarted(
        session=opened.session,
        token=opened.token,
        config=resolved(opened.config),
        heartbeat_ms=terms.heartbeat_ms,
        resume_window_ms=terms.resume_window_ms,
        limits=Limits(
            message_bytes=limits.MAX_MESSAGE_BYTES,
            text_chars=limits.MAX_TEXT_CHARS,
            instructions_chars=limits.MAX_INSTRUCTIONS_CHARS,
            audio_ms=MAX_INPUT_CHUNK_MS,
            lead_ms=terms.lead_ms,
            idle_ms=terms.idle_ms,
            voices=terms.voices,
        ),
        capture=opened.captured,
    )
