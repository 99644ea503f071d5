"""A `CallLink` on a real connection, and the client at its other end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.transports.socket_peer import TERMS
from tests.transports.webrtc.phone import Phone
from voice_server.audio.pcm import to_bytes
from voice_server.ports import AudioFrame, Farewell
from voice_server.transports.native import CLOSE_CODES
from voice_server.transports.webrtc.ice import IceOptions
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.link import CallLink
from voice_server.transports.webrtc.offers import read_offer
from voice_server.transports.webrtc.peer import Peer

FRAME_SAMPLES = 320
"""Of the contract's frames."""


class CallPeer:
    """The client. Of the sound it takes only what it is asked for, in the place of aiortc's sender."""

    one_way = False

    def __init__(self, peer: Peer, phone: Phone) -> None:
        self.link = CallLink(peer, RATE_HZ, TERMS)
        self._peer = peer
        self._phone = phone

    async def received(self, count: int) -> list[tuple[str, int, int] | AudioFrame]:
        """The next so many: a message's type, seq and t_ms, or a frame."""
        taken: list[tuple[str, int, int] | AudioFrame] = []
        while len(taken) < count:
            if (message := self._phone.waiting()) is not None:
                taken.append((message["type"], message["seq"], message["t_ms"]))
            elif frame := self._frame():
                taken.append(frame)
            else:
                await asyncio.sleep(0)  # nobody sets an event for both
        return taken

    def _frame(self) -> AudioFrame | None:
        samples, sent = self._peer.downlink.take(FRAME_SAMPLES)
        if sent is None:
            return None
        return AudioFrame(sent.response, sent.position - FRAME_SAMPLES, False, to_bytes(samples))

    async def leave(self) -> None:
        """Gone."""
        await self._phone.leave()

    async def farewell(self) -> Farewell:
        """What it was told at the end."""
        code = (await self._phone.next("closing"))["code"]
        return next(farewell for farewell, known in CLOSE_CODES.items() if known == code)


@asynccontextmanager
async def call_peer() -> AsyncIterator[CallPeer]:
    """Both ends of one call."""
    peer, phone = Peer("voice.v1", IceOptions()), Phone("")
    phone.mute()
    try:
        await phone.reach(lambda sdp: peer.answer(read_offer(sdp)))
        await peer.opened()
        yield CallPeer(peer, phone)
    finally:
        await peer.close()
        await phone.leave()
