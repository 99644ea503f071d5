"""Every session of the process: who may come in, who may come back, and how all of them end."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from voice_server.core.conversation import Message
from voice_server.core.policy import SessionConfig
from voice_server.errors import BusyError, NoSessionError
from voice_server.observers import Observer
from voice_server.ports import Clock, Farewell, Link, Models, Opened
from voice_server.runtime.inbound import Inbound
from voice_server.runtime.keeping import Keeping
from voice_server.runtime.options import Returning, RuntimeOptions
from voice_server.runtime.pace import paced
from voice_server.runtime.past import Past, read_past
from voice_server.runtime.peer_clock import RoundTrip
from voice_server.runtime.session import SessionRunner
from voice_server.runtime.tokens import fresh_token, hashed
from voice_server.session_store import SessionStore, StoreError

RETRY_AFTER_MS = 5_000
SWEEP_MS = 60_000
PROBE_S = 1.0
"""A store that hangs, as a file on a disk that is gone, is away."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comeback:
    """What a client that wants to come back says."""

    session: str
    token: str
    last_seq: int
    response: int | None = None
    played_ms: int | None = None
    """How much of `response` its loudspeaker has played, if it says so."""


class Sessions:
    """The registry. One set of models for all. Sessions run while `house` is open."""

    def __init__(
        self,
        models: Models,
        clock: Clock,
        options: RuntimeOptions,
        default_config: SessionConfig,
        max_sessions: int,
        observer: Observer | None = None,
        store: SessionStore | None = None,
    ) -> None:
        """`store`: where sessions are kept beyond this process, if they are at all. None: nowhere."""
        self._store = store
        self._default_config = default_config
        self.observer = observer or Observer()
        self._models = models
        self._clock = clock
        self._options = options
        self._max = max_sessions
        self._keeping = (
            Keeping(store, options.resume_window_ms) if store and options.resume_window_ms else None
        )
        self._draining = False
        self._changed = asyncio.Event()
        self._running: dict[str, SessionRunner] = {}
        self._links: dict[str, Link] = {}  # of sessions that are opened and not run yet
        self._returning: list[str] = []  # those that are looked for: each has its place meanwhile
        self._house: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._running)

    @asynccontextmanager
    async def house(self) -> AsyncIterator[None]:
        """Sessions live while this is open. Leaving it waits for all of them: `drain` first."""
        async with asyncio.TaskGroup() as self._house:
            sweeping = self._house.create_task(self._sweep())
            yield
            sweeping.cancel()

    async def _sweep(self) -> None:
        """Remove now and then what has expired in the store."""
        while self._keeping:
            await self._clock.wait(asyncio.Event(), self._clock.now_ms() + SWEEP_MS)
            try:
                await self._keeping.store.sweep()
            except StoreError as error:
                logger.warning("the store could not be swept: %s", error)

    @property
    def admitting(self) -> bool:
        """Whether another session would be taken."""
        return not self._draining and len(self._taken) < self._max

    @property
    def attended(self) -> int:
        """The sessions whose clients are there, or are about to be."""
        return len(self._attended)

    @property
    def default_config(self) -> SessionConfig:
        """What a session is where its client wishes nothing else. The server's tools are there for all."""
        return replace(self._default_config, server_tools=self._models.tools.specs)

    @property
    def store_away(self) -> bool:
        """Whether sessions could not be written when that was last tried: they go on in memory."""
        return any(runner.keeper and runner.keeper.away for runner in self._running.values())

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that a session may be configured to."""
        return self._models.synthesizer.voices

    def open(
        self, config: SessionConfig, link: Link, *, capture: bool = False, lasting: bool = False
    ) -> SessionRunner:
        """A new session, ready to run. `capture`: its client asks for that. `lasting`: it can come back.

        Raises BusyError when the server is full or about to end.
        """
        self._check_room()
        captured = self.observer.captures(capture)
        opened = Opened(f"s_{secrets.token_urlsafe(9)}", fresh_token(), config, captured)
        options = self._options if lasting else replace(self._options, resume_window_ms=0)
        keeping = self._keeping if lasting else None
        runner = SessionRunner(opened, self._models, self._clock, options, self.observer, keeping)
        self._running[runner.id] = runner
        self._links[runner.id] = link
        return runner

    async def resume(self, wanted: Comeback) -> tuple[SessionRunner, Returning]:
        """The session that a client wants to come back to, and what `run` needs for that.

        Raises NoSessionError where there is no such session, it has expired, the token is wrong, or it has
        forgotten what the client has not seen; BusyError when the server is full or about to end.
        """
        if wanted.session not in self._taken:
            self._check_room()
        self._returning.append(wanted.session)
        try:
            return await self._resumed(wanted)
        finally:
            self._returning.remove(wanted.session)

    async def _resumed(self, wanted: Comeback) -> tuple[SessionRunner, Returning]:
        token = fresh_token()
        presented, fresh = hashed(wanted.token), hashed(token)
        runner = await self._found(wanted, presented, fresh)
        if runner is None or runner.over:
            raise NoSessionError(f"no session {wanted.session!r}, or not with this token")
        if not runner.can_go_back(wanted.last_seq):
            raise NoSessionError(f"session {wanted.session!r} cannot go back to message {wanted.last_seq}")
        runner.tokens.rotate(presented, fresh)
        return runner, Returning(wanted.last_seq, token, wanted.response, wanted.played_ms)

    async def _found(self, wanted: Comeback, presented: bytes, fresh: bytes) -> SessionRunner | None:
        """The session, here or from the store. What the store says counts, unless it is away."""
        here = self._running.get(wanted.session)
        if here and here.over:
            here = None
        if here and not (here.keeper and here.keeper.epoch):
            return _admitted(here, presented, fresh)
        if self._keeping is None:
            return None
        try:
            return await self._claimed(self._keeping, wanted, presented, fresh)
        except StoreError as error:
            logger.warning("the store is away, sessions are resumed from memory: %s", error)
        return _admitted(here, presented, fresh)

    async def _claimed(
        self, keeping: Keeping, wanted: Comeback, presented: bytes, fresh: bytes
    ) -> SessionRunner | None:
        here = self._running.get(wanted.session)
        if here and here.keeper:
            admitted = here.tokens.admit(presented)
            if admitted and not here.can_go_back(wanted.last_seq):
                return here  # to be refused, and its token stays
            if not admitted and await here.keeper.is_owner():
                return None  # the store may not know yet that the client has its new token; we do
            held = await here.keeper.claim(presented, fresh)
            if admitted and held is None and await here.keeper.write():
                held = await here.keeper.claim(presented, fresh)  # the store had lost it
            if held and here.keeper.epoch == held.epoch:
                return here
            if held:
                here.leave(Farewell.TAKEN_OVER)  # it has gone on elsewhere since
        else:
            held = await keeping.store.claim(wanted.session, presented, fresh)
        past = await asyncio.to_thread(read_past, held, wanted.last_seq) if held else None
        return await self._take_up(past) if past else None

    async def _take_up(self, past: Past) -> SessionRunner:
        assert self._house, "sessions live in a house"
        self._check_open()
        while past.session in self._running:  # the one that has gone on elsewhere
            self._changed.clear()
            await self._changed.wait()
        opened = Opened(past.session, "", past.recalled.config)
        runner = SessionRunner(
            opened, self._models, self._clock, self._options, self.observer, self._keeping, past
        )
        self._running[runner.id] = runner
        self._house.create_task(self._live(runner))
        await runner.ready()
        return runner

    async def run(
        self,
        runner: SessionRunner,
        inbound: AsyncIterator[Inbound],
        link: Link | None = None,
        returning: Returning | None = None,
    ) -> None:
        """Serve one connection of a session: the first, or over `link` that of a client that is `returning`.

        Returns when that connection is over; the session may go on.
        """
        if first := self._links.pop(runner.id, None):
            assert self._house, "sessions live in a house"
            self._house.create_task(self._live(runner))
        at = link or first
        assert at, "a session is opened with a link, or resumed with one"
        if runner.over:
            return await at.close(Farewell.ENDED)
        limit_ms, rate_hz = self._options.ahead_limit_ms, runner.config.input_rate_hz
        async with aclosing(paced(inbound, self._clock, limit_ms, rate_hz)) as bearable:
            await runner.serve(at, bearable, returning)

    async def _live(self, runner: SessionRunner) -> None:
        try:
            await runner.live()
        finally:
            del self._running[runner.id]
            self._changed.set()

    @property
    def _attended(self) -> set[str]:
        return {*self._links, *(runner.id for runner in self._running.values() if runner.attended)}

    @property
    def _taken(self) -> set[str]:
        return self._attended.union(self._returning)

    def _check_room(self) -> None:
        self._check_open()
        if not self.admitting:
            raise BusyError(f"all {self._max} sessions are taken; try again later", RETRY_AFTER_MS)

    def _check_open(self) -> None:
        if self._draining:
            raise BusyError("the server is restarting; try again later", RETRY_AFTER_MS)

    def buffered_bytes(self, where: str) -> int:
        """What waits in all sessions, as `SessionRunner.buffered_bytes`."""
        return sum(runner.buffered_bytes(where) for runner in self._running.values())

    def drain(self, within_ms: int = 0) -> None:
        """Take nobody in, and tell everybody to come back: when they have been answered, within this time."""
        self._draining = True
        for runner in list(self._running.values()):
            runner.drain(within_ms)

    async def find(self, session: str) -> tuple[Message, ...] | None:
        """What was said in it, here or in the store. None: there is no such session. Raises StoreError."""
        if runner := self._running.get(session):
            return runner.conversation
        held = await self._keeping.store.peek(session) if self._keeping else None
        past = await asyncio.to_thread(read_past, held, 0) if held else None
        return past.revival.session.conversation.entries if past else None

    def round_trip(self, session: str) -> RoundTrip | None:
        """How far its client is, if it is connected to this server and has answered."""
        runner = self._running.get(session)
        return runner.round_trip if runner else None

    async def delete(self, session: str) -> bool:
        """End it, and forget everything of it. Returns whether there was one. Raises StoreError."""
        runner = self._running.get(session)
        if runner:
            runner.end("deleted", Farewell.ENDED)
        self.observer.deleted(session)
        stored = await self._keeping.store.delete(session) if self._keeping else False
        return stored or runner is not None

    async def store_ready(self) -> bool:
        """Whether sessions are written now; True where there is nothing to write to."""
        if self._keeping is None:
            return True
        try:
            async with asyncio.timeout(PROBE_S):
                return await self._keeping.store.ready() and not self.store_away
        except TimeoutError:
            return False

    async def aclose(self) -> None:
        """Let go of the store."""
        if self._store:
            await self._store.aclose()

    async def emptied(self) -> None:
        """Return when every session has ended."""
        while self._running:
            self._changed.clear()
            await self._changed.wait()


def _admitted(here: SessionRunner | None, presented: bytes, fresh: bytes) -> SessionRunner | None:
    """The session in memory, if the token is good for it; the store learns of the new one later."""
    if here is None or not here.tokens.admit(presented):
        return None
    if here.keeper:
        here.keeper.claim_later(presented, fresh)
    return here
