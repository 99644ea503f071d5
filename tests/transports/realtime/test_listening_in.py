"""Who listens in on a session and does not read is hung up on; the session is not held up."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import WebSocket
from starlette.types import Message
from starlette.websockets import WebSocketState

from tests.transports.house import scripted_models
from voice_server.core.policy import SessionConfig
from voice_server.ports import Farewell, Opened
from voice_server.protocol.realtime.codec import Codec
from voice_server.protocol.realtime.dialogue import House
from voice_server.protocol.realtime.session_settings import Settings
from voice_server.runtime.clock import SystemClock
from voice_server.runtime.options import RuntimeOptions
from voice_server.runtime.session import SessionRunner
from voice_server.transports.realtime import sideband
from voice_server.transports.realtime.sideband import QUEUE_LIMIT, Line, Sideband
from voice_server.transports.realtime.talk import RealtimeLink


class Deaf:
    """The other end of a WebSocket, as ASGI has it: it takes so many messages, and no more."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[Message] = []
        self._never = asyncio.Event()

    async def receive(self) -> Message:
        """It says nothing."""
        await self._never.wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        """What it is told."""
        if message["type"] == "websocket.send" and len(self.taken) >= self.room:
            await self._never.wait()
        self.taken.append(message)


class Nobody:
    """Fits `talk.Wire`."""

    async def say(self, text: str) -> None:
        """Nobody hears it."""

    async def close(self, farewell: Farewell) -> None:
        """Nobody is hung up on."""


def line() -> Line:
    """A session that nobody has begun."""
    config = SessionConfig()
    codec = Codec("test", Settings("tiny", "", "joe"), House(config))
    runner = SessionRunner(Opened("s_1", "", config), scripted_models(), SystemClock(), RuntimeOptions())
    return Line(runner, RealtimeLink(codec, Nobody()))


async def listened(other: Deaf, events: int) -> Line:
    """Somebody listened in while there were so many events, and then the session was over."""
    socket = WebSocket({"type": "websocket"}, other.receive, other.send)
    socket.client_state = WebSocketState.CONNECTED
    socket.application_state = WebSocketState.CONNECTED
    session = line()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(Sideband(socket, session).run())
        await asyncio.sleep(0)
        for _ in range(events):
            for listener in tuple(session.link.listeners):
                listener.hear("{}")
        await session.link.close(Farewell.ENDED)
        await listening
    return session


async def test_who_reads_hears_all_of_it_to_the_end() -> None:
    other = Deaf(room=100)
    await listened(other, 3)
    assert [message["type"] for message in other.taken] == ["websocket.send"] * 3 + ["websocket.close"]
    assert other.taken[-1]["code"] == 1000


@pytest.mark.parametrize(("events", "code"), [(3, 1000), (QUEUE_LIMIT + 2, 1008)])
async def test_who_does_not_read_is_hung_up_on(
    events: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sideband, "FAREWELL_S", 0.01)
    other = Deaf(room=0)
    session = await listened(other, events)
    assert [(message["type"], message.get("code")) for message in other.taken] == [("websocket.close", code)]
    assert not session.link.listeners
