"""OpenAI Realtime on a call: events on the data channel `oai-events`, sound as RTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from voice_server.audio.rates import INPUT_HZ
from voice_server.core.commands import Fact, ResponseStopped
from voice_server.core.events import PlaybackReported, SessionEnding
from voice_server.errors import BusyError
from voice_server.ports import AudioFrame, Farewell, Notice
from voice_server.protocol.realtime.codec import Codec
from voice_server.protocol.realtime.session_settings import PCM_HZ, Settings
from voice_server.runtime.inbound import Acked, Alive, Inbound, Said
from voice_server.runtime.session import SessionRunner
from voice_server.transports.realtime.endpoint import ACK_EVERY
from voice_server.transports.realtime.front import Front
from voice_server.transports.realtime.talk import RealtimeLink, heard, meant
from voice_server.transports.webrtc.mailbox import Mail, Sound
from voice_server.transports.webrtc.peer import Peer
from voice_server.transports.webrtc.rates import FromCall, ToCall


class RealtimeCalls:
    """Fits `calls.Dialect`. One for each call, as each may begin with settings of its own."""

    label = "oai-events"

    def __init__(self, front: Front, settings: Settings) -> None:
        self._front = front
        self._settings = settings

    async def converse(self, peer: Peer, call: str) -> None:
        """Open a session, and run it; others may listen in on it by the call's id."""
        front = self._front
        codec, config = front.codec(self._settings, in_band=False)
        link = RealtimeCallLink(codec, peer)
        try:
            runner = front.sessions.open(config, link)
        except BusyError:  # since the offer, another was quicker
            front.sessions.observer.refused("busy")
            return
        with front.lines.open(call, runner, link):
            async with aclosing(self._inbound(peer, runner, link)) as inbound:
                await front.sessions.run(runner, inbound)

    async def _inbound(
        self, peer: Peer, runner: SessionRunner, link: RealtimeCallLink
    ) -> AsyncGenerator[Inbound, None]:
        """What comes in. That a client is gone is seen by ICE: nobody answers our pings."""
        forgotten, from_call = 0, FromCall(INPUT_HZ)
        while True:
            try:
                async with asyncio.timeout(self._front.heartbeat_ms / 1000):
                    mail = await peer.mailbox.take()
            except TimeoutError:
                yield Alive()
                continue
            if mail is None:
                break
            for item in _said(mail, from_call, link.codec, runner):
                yield item
            if link.last_seq - forgotten > ACK_EVERY:
                forgotten = link.last_seq
                yield Acked(forgotten)
        yield SessionEnding("disconnected")


def _said(mail: Mail, from_call: FromCall, codec: Codec, runner: SessionRunner) -> list[Said]:
    match mail:
        case Sound(pcm=pcm):
            return list(heard(from_call.push(pcm), codec, runner.watch))
        case PlaybackReported() | SessionEnding():
            return [mail]
        case bytes():
            return []  # nothing that the API knows
    return list(meant(mail, codec, runner.watch))


class RealtimeCallLink(RealtimeLink):
    """Fits `ports.Link`, and `talk.Wire` for itself: events on the channel, sound on the track."""

    def __init__(self, codec: Codec, peer: Peer) -> None:
        super().__init__(codec, _Channel(peer))
        self._peer = peer
        self._to_call = ToCall(PCM_HZ)

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> list[str]:
        """As ever. A stop empties the outgoing track before anything else happens."""
        if isinstance(item, ResponseStopped):
            self._peer.hush()
        return await super().send(item, seq, t_ms)

    async def send_audio(self, frame: AudioFrame) -> list[str]:
        """Into the outgoing track, and told where it is the first of its response."""
        said = await super().send_audio(frame)
        await self._peer.play(self._to_call.frame(frame))
        return said


class _Channel:
    """Fits `talk.Wire`."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def say(self, text: str) -> None:
        """One event."""
        await self._peer.say(text)

    async def close(self, farewell: Farewell) -> None:
        """Hang up when all events have arrived."""
        await self._peer.part()
