"""The core at work: told what happens, woken when it wants to be, and obeyed at once.

What it decides is carried out before anything else can happen: nothing is decided across an `await`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voice_server.core.commands import Command
from voice_server.core.events import Event
from voice_server.core.policy import SessionConfig
from voice_server.core.session import Session
from voice_server.core.trace import Decision, WatchedSession
from voice_server.runtime.session_clock import SessionClock


class Deciding:
    """One session's. `watch` looks on; `carry_out` does what was decided at one moment, and never waits."""

    def __init__(
        self,
        session: Session,
        clock: SessionClock,
        watch: Callable[[Decision], None],
        carry_out: Callable[[list[Command]], None],
    ) -> None:
        self.session = session
        self.over = asyncio.Event()
        """Set when the session has ended, or has left this server: the core is told nothing more."""
        self._core = WatchedSession(session, watch)
        self._clock = clock
        self._carry_out = carry_out
        self._told = asyncio.Event()

    def config(self) -> SessionConfig:
        """The session's configuration now."""
        return self.session.config

    def played_samples(self, response: int) -> int:
        """Where the client's loudspeaker is in a response."""
        return self.session.played_samples(response, self._clock.now_ms())

    def tell(self, event: Event) -> list[Command]:
        """Something happened. Returns what was decided, all of which has been carried out."""
        if self.over.is_set():
            return []
        return self._obey(self._core.receive(event, self._clock.now_ms()))

    async def keep_time(self) -> None:
        """Wake the core at its deadlines, until cancelled."""
        while True:
            self._told.clear()
            deadline_ms = self.session.next_deadline()
            await self._clock.wait(self._told, deadline_ms)
            if deadline_ms is not None and self._clock.now_ms() >= deadline_ms:
                self._obey(self._core.expire(self._clock.now_ms()))

    def _obey(self, decided: list[Command]) -> list[Command]:
        self._carry_out(decided)
        if self.session.ended:
            self.over.set()
        self._told.set()
        return decided
