"""Every session of the process: who may come in, and how all of them end."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

from voice_server.core.policy import SessionConfig
from voice_server.errors import BusyError
from voice_server.observers import Observer
from voice_server.ports import Clock, Farewell, Link, Models, Opened
from voice_server.runtime.session import Inbound, RuntimeOptions, SessionRunner

RETRY_AFTER_MS = 5_000


class Sessions:
    """The registry. One set of models for all."""

    def __init__(
        self,
        models: Models,
        clock: Clock,
        options: RuntimeOptions,
        default_config: SessionConfig,
        max_sessions: int,
        observer: Observer | None = None,
    ) -> None:
        self.default_config = default_config
        self.observer = observer or Observer()
        self._models = models
        self._clock = clock
        self._options = options
        self._max = max_sessions
        self._draining = False
        self._changed = asyncio.Event()
        self._running: dict[str, SessionRunner] = {}

    def __len__(self) -> int:
        return len(self._running)

    @property
    def admitting(self) -> bool:
        """Whether another session would be taken."""
        return not self._draining and len(self) < self._max

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that a session may be configured to."""
        return self._models.synthesizer.voices

    def open(self, config: SessionConfig, link: Link, *, capture: bool = False) -> SessionRunner:
        """A new session, ready to run. `capture`: its client asks for that.

        Raises BusyError when the server is full or about to end.
        """
        if not self.admitting:
            why = "the server is restarting" if self._draining else f"all {self._max} sessions are taken"
            raise BusyError(f"{why}; try again later", RETRY_AFTER_MS)
        captured = self.observer.captures(capture)
        opened = Opened(f"s_{secrets.token_urlsafe(9)}", secrets.token_urlsafe(24), config, captured)
        runner = SessionRunner(opened, self._models, self._clock, link, self._options, self.observer)
        self._running[opened.session] = runner
        return runner

    async def run(self, runner: SessionRunner, inbound: AsyncIterator[Inbound]) -> None:
        """Run a session to its end."""
        try:
            await runner.run(inbound)
        finally:
            del self._running[runner.id]
            self._changed.set()

    def buffered_bytes(self, where: str) -> int:
        """Audio that waits in all sessions: `in` to be heard, `out` to be sent."""
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
