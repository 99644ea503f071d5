"""The native dialect over a call: a link, and what comes in."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from voice_server.audio.rates import samples_to_ms
from voice_server.core.commands import Fact, ResponseStopped
from voice_server.core.events import PlaybackReported, SessionEnding
from voice_server.ports import AudioFrame, Farewell, Notice, Refused
from voice_server.protocol.client_messages import Playback
from voice_server.protocol.codes import ErrorCode
from voice_server.runtime.inbound import Inbound
from voice_server.runtime.session import SessionRunner
from voice_server.transports.native import CLOSE_CODES, Terms, read, told
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.mailbox import Sound
from voice_server.transports.webrtc.marks import Mark
from voice_server.transports.webrtc.peer import Peer
from voice_server.transports.webrtc.rates import FromCall, ToCall


class CallLink:
    """Fits `ports.Link`."""

    def __init__(self, peer: Peer, rate_hz: int, terms: Terms) -> None:
        """`rate_hz`: of the session's output."""
        self._peer = peer
        self._rate_hz = rate_hz
        self._to_call = ToCall(rate_hz)
        self._terms = terms
        peer.marked = self._mark

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> tuple[str]:
        """One message on the data channel. A stop empties the outgoing track before anything else happens."""
        if isinstance(item, ResponseStopped):
            self._peer.hush()
        message = told(item, self._rate_hz, seq, t_ms, self._terms)
        await self._peer.say(message)
        return (message,)

    async def send_audio(self, frame: AudioFrame) -> tuple[()]:
        """Into the outgoing track."""
        await self._peer.play(self._to_call.frame(frame))
        return ()

    def _mark(self, mark: Mark) -> None:
        self._peer.mention(sounding(mark))

    async def close(self, farewell: Farewell) -> None:
        """A last message says why: a data channel has no close codes."""
        await self._peer.part(closing(CLOSE_CODES[farewell], farewell.value))


def closing(code: int, reason: str) -> str:
    """What a WebSocket's close frame would say. It belongs to the connection, and so has no `seq`."""
    return json.dumps({"type": "closing", "code": code, "reason": reason})


def sounding(mark: Mark) -> str:
    """What the client plays from this time stamp on. As `closing`, of the connection, and without a `seq`."""
    message: dict[str, str | int] = {"type": "sound", "rtp": mark.rtp}
    if mark.sent:
        played_ms = samples_to_ms(mark.sent.start, RATE_HZ)
        message |= {"response": mark.sent.response, "played_ms": played_ms}
    return json.dumps(message)


async def inbound(peer: Peer, runner: SessionRunner) -> AsyncGenerator[Inbound, None]:
    """What comes from the call to its running session."""
    from_call = FromCall(runner.config.input_rate_hz)
    while (mail := await peer.mailbox.take()) is not None:
        if isinstance(mail, Sound):
            mail = from_call.push(mail.pcm)
        elif isinstance(mail, bytes):
            yield Refused(ErrorCode.BAD_AUDIO, "over WebRTC, audio is a track: only text goes here")
            continue
        yield _meant(mail, peer, runner)


def _meant(
    mail: str | bytes | PlaybackReported | SessionEnding, peer: Peer, runner: SessionRunner
) -> Inbound:
    if isinstance(mail, SessionEnding):
        return mail
    if isinstance(mail, PlaybackReported):  # as if the client had sent it, so that captures hold it
        report = Playback(response=mail.response, played_ms=mail.played_ms)
        return read(report.model_dump_json(), runner)
    meant = read(mail, runner)
    if isinstance(meant, PlaybackReported):
        peer.trust_client()
    return meant
