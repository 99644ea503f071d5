"""What every link keeps to: the WebSocket, and the fake that the runtime's tests speak through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from tests.runtime.fake_link import FakeLink, Told
from tests.transports.socket_peer import socket_peer
from tests.transports.webrtc.call_peer import call_peer
from voice_server.core import commands as facts
from voice_server.ports import AudioFrame, Farewell, Link, Ponged
from voice_server.runtime.clock import SystemClock

FRAME = AudioFrame(response=1, position=0, last=False, pcm=bytes(640))
MANY = 1_000
"""Frames: more than any buffer between the two ends holds."""


class Peer(Protocol):
    """The client at the other end. It reads only when it is asked what it received."""

    @property
    def link(self) -> Link: ...

    @property
    def one_way(self) -> bool:
        """Whether messages and sound come one after the other, as they were sent."""

    async def received(self, count: int) -> list[tuple[str, int, int] | AudioFrame]: ...

    async def leave(self) -> None: ...

    async def farewell(self) -> Farewell: ...


class FakePeer:
    """The client of a `FakeLink`."""

    one_way = True

    def __init__(self) -> None:
        self.link = FakeLink(SystemClock())
        self.link.stop_reading()

    async def received(self, count: int) -> list[tuple[str, int, int] | AudioFrame]:
        self.link.read_on()
        while len(self.link.received) < count:
            self.link.arrived.clear()
            await self.link.arrived.wait()
        self.link.stop_reading()
        taken, self.link.received = self.link.received[:count], self.link.received[count:]
        return [_named(entry) if isinstance(entry, Told) else entry.frame for entry in taken]

    async def leave(self) -> None:
        self.link.leave()

    async def farewell(self) -> Farewell:
        assert self.link.farewell
        return self.link.farewell


def _named(told: Told) -> tuple[str, int, int]:
    names = {facts.Trouble: "error", Ponged: "pong"}
    return names[type(told.item)], told.seq, told.t_ms


@pytest.fixture(params=["fake", "websocket", "webrtc"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    if request.param == "fake":
        yield FakePeer()
        return
    opened = socket_peer() if request.param == "websocket" else call_peer()
    async with opened as peer:
        yield peer


async def _send_many(link: Link, sent: list[int]) -> None:
    for number in range(MANY):
        await link.send_audio(AudioFrame(1, number * 320, False, bytes(640)))
        sent.append(number)


async def _comes_to_rest(sent: list[int]) -> None:
    """Wait until the sender gets no further."""
    before = -1
    while before < len(sent):
        before = len(sent)
        await asyncio.sleep(0.1)


async def test_what_is_sent_arrives_in_order_with_its_numbers(peer: Peer) -> None:
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(peer.received(3))
        said = [*await peer.link.send(facts.Trouble("some_code", "some words"), 7, 1_234)]
        assert not await peer.link.send_audio(FRAME)
        said += await peer.link.send(Ponged(5), 8, 1_235)
    received = reading.result()
    left = [(message["type"], message["seq"], message["t_ms"]) for message in map(json.loads, said)]
    assert left == [item for item in received if item != FRAME]
    assert [item for item in received if item != FRAME] == [("error", 7, 1_234), ("pong", 8, 1_235)]
    assert FRAME in received
    assert received[1] == FRAME or not peer.one_way


async def test_who_sends_waits_for_who_does_not_read_and_nothing_is_lost(peer: Peer) -> None:
    sent: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_send_many(peer.link, sent))
        await _comes_to_rest(sent)
        assert len(sent) < MANY
        frames = [frame for frame in await peer.received(MANY) if isinstance(frame, AudioFrame)]
    assert [frame.position for frame in frames] == [number * 320 for number in range(MANY)]


async def test_sending_to_a_client_that_is_gone_is_a_connection_error(peer: Peer) -> None:
    sent: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(_send_until_refused(peer.link, sent))
        await _comes_to_rest(sent)
        await peer.leave()
    assert isinstance(sending.result(), ConnectionError)
    with pytest.raises(ConnectionError):
        await peer.link.send(Ponged(1), 1, 1)


async def _send_until_refused(link: Link, sent: list[int]) -> Exception | None:
    try:
        await _send_many(link, sent)
    except ConnectionError as error:
        return error
    return None


@pytest.mark.parametrize("farewell", list(Farewell))
async def test_closing_says_why(peer: Peer, farewell: Farewell) -> None:
    await peer.link.close(farewell)
    assert await peer.farewell() is farewell


async def test_closing_twice_keeps_the_first_reason(peer: Peer) -> None:
    await peer.link.close(Farewell.TOO_LARGE)
    await peer.link.close(Farewell.ENDED)
    assert await peer.farewell() is Farewell.TOO_LARGE


async def test_closing_on_a_client_that_is_gone_does_no_harm(peer: Peer) -> None:
    await peer.leave()
    await peer.link.close(Farewell.ENDED)
    with pytest.raises(ConnectionError):
        await peer.link.send(Ponged(1), 1, 1)


async def test_closing_does_not_wait_for_a_client_that_does_not_read(peer: Peer) -> None:
    sent: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(_send_until_refused(peer.link, sent))
        await _comes_to_rest(sent)
        await peer.link.close(Farewell.UNRESPONSIVE)
        sending.cancel()
    assert len(sent) < MANY, "nobody has read, so the link was closed while audio waited"
    with pytest.raises(ConnectionError):
        await peer.link.send(Ponged(1), 1, 1)
