"""Every session of the process: who may come in, who may come back, and how all of them end."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from voice_server.core.policy import SessionConfig
from voice_server.errors import BusyError, NoSessionError
from voice_server.observers import Observer
from voice_server.ports import Clock, Farewell, Link, Models, Opened
from voice_server.runtime.session import Inbound, Returning, RuntimeOptions, SessionRunner
from voice_server.runtime.tokens import fresh_token, hashed

RETRY_AFTER_MS = 5_000


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
    ) -> None:
        self._default_config = default_config
        self.observer = observer or Observer()
        self._models = models
        self._clock = clock
        self._options = options
        self._max = max_sessions
        self._draining = False
        self._changed = asyncio.Event()
        self._running: dict[str, SessionRunner] = {}
        self._links: dict[str, Link] = {}  # of sessions that are opened and not run yet
        self._house: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._running)

    @asynccontextmanager
    async def house(self) -> AsyncIterator[None]:
        """Sessions live while this is open. Leaving it waits for all of them: `drain` first."""
        async with asyncio.TaskGroup() as self._house:
            yield

    @property
    def admitting(self) -> bool:
        """Whether another session would be taken."""
        return not self._draining and self.attended < self._max

    @property
    def attended(self) -> int:
        """The sessions whose clients are there, or are about to be."""
        return sum(runner.attended or runner.id in self._links for runner in self._running.values())

    @property
    def default_config(self) -> SessionConfig:
        """What a session is where its client wishes nothing else. The server's tools are there for all."""
        return replace(self._default_config, server_tools=self._models.tools.specs)

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
        runner = SessionRunner(opened, self._models, self._clock, options, self.observer)
        self._running[runner.id] = runner
        self._links[runner.id] = link
        return runner

    async def resume(self, wanted: Comeback) -> tuple[SessionRunner, Returning]:
        """The session that a client wants to come back to, and what `run` needs for that.

        Raises NoSessionError where there is no such session, it has expired, the token is wrong, or it has
        forgotten what the client has not seen; BusyError when the server is full or about to end.
        """
        runner = self._running.get(wanted.session)
        if runner is None or runner.over or not runner.tokens.admit(hashed(wanted.token)):
            raise NoSessionError(f"no session {wanted.session!r}, or not with this token")
        if not runner.can_go_back(wanted.last_seq):
            raise NoSessionError(f"session {wanted.session!r} cannot go back to message {wanted.last_seq}")
        if not runner.attended:
            self._check_room()
        token = fresh_token()
        runner.tokens.rotate(hashed(wanted.token), hashed(token))
        return runner, Returning(wanted.last_seq, token, wanted.response, wanted.played_ms)

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
        await runner.serve(at, inbound, returning)

    async def _live(self, runner: SessionRunner) -> None:
        try:
            await runner.live()
        finally:
            del self._running[runner.id]
            self._changed.set()

    def _check_room(self) -> None:
        if not self.admitting:
            why = "the server is restarting" if self._draining else f"all {self._max} sessions are taken"
            raise BusyError(f"{why}; try again later", RETRY_AFTER_MS)

    def buffered_bytes(self, where: str) -> int:
        """What waits in all sessions, as `SessionRunner.buffered_bytes`."""
        return sum(runner.buffered_bytes(where) for runner in self._running.values())

    def drain(self) -> None:
        """Take nobody in, and tell everybody to come back."""
        self._draining = True
        for runner in list(self._running.values()):
            runner.end("the server restarts", Farewell.RESTARTING)

    async def emptied(self) -> None:
        """Return when every session has ended."""
        while self._running:
            self._changed.clear()
            await self._changed.wait()
