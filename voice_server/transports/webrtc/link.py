"""The native dialect over a call: a link, and what comes in."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from voice_server.core.commands import Fact, ResponseStopped
from voice_server.core.events import PlaybackReported, SessionEnding
from voice_server.ports import AudioFrame, Farewell, Notice, Refused
from voice_server.protocol.client_messages import Playback
from voice_server.protocol.codes import ErrorCode
from voice_server.runtime.session import Inbound, SessionRunner
from voice_server.transports.native import CLOSE_CODES, Terms, read, told
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.mailbox import Mail, Sound
from voice_server.transports.webrtc.peer import Peer


class CallLink:
    """Fits `ports.Link`."""

    def __init__(self, peer: Peer, terms: Terms) -> None:
        self._peer = peer
        self._terms = terms

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> None:
        """One message on the data channel. A stop empties the outgoing track before anything else happens."""
        if isinstance(item, ResponseStopped):
            self._peer.hush()
        await self._peer.say(told(item, RATE_HZ, seq, t_ms, self._terms))

    async def send_audio(self, frame: AudioFrame) -> None:
        """Into the outgoing track."""
        await self._peer.play(frame)

    async def close(self, farewell: Farewell) -> None:
        """A last message says why: a data channel has no close codes."""
        await self._peer.close(closing(CLOSE_CODES[farewell], farewell.value))


def closing(code: int, reason: str) -> str:
    """What a WebSocket's close frame would say. It belongs to the connection, and so has no `seq`."""
    return json.dumps({"type": "closing", "code": code, "reason": reason})


async def inbound(peer: Peer, runner: SessionRunner) -> AsyncGenerator[Inbound, None]:
    """What comes from the call to its running session."""
    while (mail := await peer.mailbox.take()) is not None:
        yield _meant(mail, peer, runner)


def _meant(mail: Mail, peer: Peer, runner: SessionRunner) -> Inbound:
    match mail:
        case Sound(pcm=pcm):
            return read(pcm, runner)
        case PlaybackReported():  # as if the client had sent it, so that captures hold it
            report = Playback(response=mail.response, played_ms=mail.played_ms)
            return read(report.model_dump_json(), runner)
        case SessionEnding():
            return mail
        case bytes():
            return Refused(ErrorCode.BAD_AUDIO, "over WebRTC, audio is a track: only text goes here")
    meant = read(mail, runner)
    if isinstance(meant, PlaybackReported):
        peer.trust_client()
    return meant
