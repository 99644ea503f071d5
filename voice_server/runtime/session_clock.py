"""The session clock, made of the clock that all sessions share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from voice_server.ports import Clock


@dataclass(frozen=True, slots=True)
class SessionClock:
    """Fits `ports.Clock`, and shows 0 when the session begins, on whatever server that was."""

    clock: Clock
    start_ms: int
    """What `clock` showed then."""

    def now_ms(self) -> int:
        """Milliseconds since the session began."""
        return self.clock.now_ms() - self.start_ms

    async def wait(self, woken: asyncio.Event, until_ms: int | None) -> None:
        """As of any clock."""
        await self.clock.wait(woken, None if until_ms is None else self.start_ms + until_ms)
