"""Sessions in a house on a virtual clock, and clients that lose their connections and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np

from tests.runtime.fake_link import FakeLink, Played, Told
from tests.runtime.stage import CONFIG, LOUD, OPTIONS, QUESTION, QUIET, Stage
from voice_server.audio.pcm import to_bytes
from voice_server.audio.rates import FRAME_MS, INPUT_HZ
from voice_server.core.commands import Fact
from voice_server.core.conversation import Message
from voice_server.core.events import UserTyped
from voice_server.ports import AudioFrame, Notice, Opened, Resumed
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.inbound import Heard, Inbound
from voice_server.runtime.options import RuntimeOptions
from voice_server.runtime.sessions import Comeback, Sessions
from voice_server.session_store import SessionStore

FRAME_SAMPLES = FRAME_MS * INPUT_HZ // 1000
WINDOW_MS = 120_000
LASTING = replace(OPTIONS, resume_window_ms=WINDOW_MS)

Kind = TypeVar("Kind")


class Client:
    """One connection of a session, and what it received."""

    def __init__(self, clock: VirtualClock) -> None:
        self.link = FakeLink(clock)
        self.over = asyncio.Event()
        """Set when the server has done with this connection."""
        self._clock = clock
        self._inbound: asyncio.Queue[Inbound | None] = asyncio.Queue()

    async def tell(self, *items: Inbound) -> None:
        """Send messages."""
        for item in items:
            self._inbound.put_nowait(item)
        await self._clock.settle()

    async def speak(self, ms: int, level: int = LOUD) -> None:
        """The microphone, for so long."""
        for _ in range(ms // FRAME_MS):
            samples = np.full(FRAME_SAMPLES, level, np.int16)
            self._inbound.put_nowait(Heard(to_bytes(samples)))
            await self._clock.advance(FRAME_MS)

    async def rest(self, ms: int) -> None:
        """Silence, for so long."""
        await self.speak(ms, QUIET)

    async def hears(self) -> None:
        """Until the answer begins to sound."""
        for _ in range(100):
            if self.frames:
                return
            await self.rest(20)
        raise AssertionError("no answer")

    async def drop(self) -> None:
        """The connection is cut, and both ends know."""
        self.link.leave()
        self._inbound.put_nowait(None)
        await self._clock.settle()

    async def inbound(self) -> AsyncGenerator[Inbound, None]:
        """What it sends."""
        while (item := await self._inbound.get()) is not None:
            yield item

    # ── what it received ──

    @property
    def told(self) -> list[Told]:
        """Every message."""
        return [entry for entry in self.link.received if isinstance(entry, Told)]

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Every message of this kind."""
        return [entry.item for entry in self.told if isinstance(entry.item, kind)]

    @property
    def frames(self) -> list[AudioFrame]:
        """All audio."""
        return [entry.frame for entry in self.link.received if isinstance(entry, Played)]

    @property
    def last_seq(self) -> int:
        """Of the last message that it has."""
        return max((entry.seq for entry in self.told), default=0)

    @property
    def credentials(self) -> tuple[str, str]:
        """The session and the token that it was given."""
        given = self.of(Resumed)[0] if self.of(Resumed) else self.of(Opened)[0]
        return given.session, given.token


@dataclass
class House:
    """The sessions of one server. `stage` scripts its models."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    options: RuntimeOptions = LASTING
    max_sessions: int = 4
    store: SessionStore | None = None

    def __post_init__(self) -> None:
        self.stage = Stage(clock=self.clock)
        self.sessions = Sessions(
            self.stage.models(),
            self.clock,
            self.options,
            CONFIG,
            self.max_sessions,
            self.stage.tracer,
            self.store,
        )
        self._tasks: asyncio.TaskGroup
        self._living: asyncio.Task[None]
        self._serving: list[asyncio.Task[None]] = []
        self._over = asyncio.Event()
        self._dead = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Nothing of it may be left in the end."""
        async with asyncio.TaskGroup() as self._tasks:
            self._living = self._tasks.create_task(self._live())
            await self.clock.settle()
            yield
            self.sessions.drain()
            await self.clock.advance(self.options.stall_limit_ms)
            self._over.set()
        assert self._dead or len(self.sessions) == 0

    async def _live(self) -> None:
        async with self.sessions.house():
            await self._over.wait()

    def die(self) -> None:
        """The power goes: nothing more is said, written or closed."""
        self._dead = True
        self._living.cancel()
        for task in self._serving:
            task.cancel()

    async def conversation(self, client: Client) -> tuple[Message, ...]:
        """What was said in this client's session, as this server knows it."""
        return await self.sessions.find(client.credentials[0]) or ()

    async def start(self) -> Client:
        """A new session."""
        client = Client(self.clock)
        runner = self.sessions.open(CONFIG, client.link, lasting=True)

        async def serve() -> None:
            await self.sessions.run(runner, client.inbound())
            client.over.set()

        self._serving.append(self._tasks.create_task(serve()))
        await self.clock.settle()
        return client

    async def answering(self) -> Client:
        """A new session in which an answer has begun to sound."""
        client = await self.start()
        await client.tell(UserTyped(QUESTION))
        await client.hears()
        return client

    async def back(self, former: Client, wanted: Comeback | None = None) -> Client:
        """The same person on a new connection. Raises NoSessionError, BusyError."""
        session, token = former.credentials
        return await self.resume(wanted or Comeback(session, token, former.last_seq))

    async def resume(self, wanted: Comeback) -> Client:
        """Somebody who says this."""
        client = Client(self.clock)
        runner, returning = await self.sessions.resume(wanted)

        async def serve() -> None:
            await self.sessions.run(runner, client.inbound(), client.link, returning)
            client.over.set()

        self._serving.append(self._tasks.create_task(serve()))
        await self.clock.settle()
        return client


def messages(*clients: Client) -> list[tuple[int, Fact | Notice]]:
    """What the person was told over all these connections, without the answers to the returns themselves."""
    return [(t.seq, t.item) for client in clients for t in client.told if not isinstance(t.item, Resumed)]


def assert_each_once(*clients: Client) -> None:
    """No message is missing, and none came twice."""
    seqs = [seq for seq, _ in messages(*clients)]
    assert seqs == list(range(1, len(seqs) + 1))


def assert_sounds_from(sample: int, client: Client) -> None:
    """The audio begins at this sample of its response, and goes on to the end without a gap."""
    positions = [frame.position for frame in client.frames]
    assert positions[0] == sample
    assert all(b - a <= FRAME_SAMPLES for a, b in pairwise(positions))
    assert client.frames[-1].last


def heard(*clients: Client) -> list[tuple[int, int]]:
    """Response and position of every frame over all these connections."""
    return [(frame.response, frame.position) for client in clients for frame in client.frames]
