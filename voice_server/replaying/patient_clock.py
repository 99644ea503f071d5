"""A virtual clock that waits for work of the real world: time stands still while a model computes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voice_server.runtime.clock import VirtualClock

TURNS = 16
"""Of the event loop: what takes more of them goes on at the next moment, a few ms later."""


class PatientClock(VirtualClock):
    """As `VirtualClock`. Work is done one piece at a time, in the order of asking: always the same order."""

    def __init__(self) -> None:
        super().__init__()
        self._one = asyncio.Lock()
        self._working = 0
        self._idle = asyncio.Event()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Time does not pass in here."""
        self._working += 1
        try:
            async with self._one:
                yield
        finally:
            self._working -= 1
            self._idle.set()

    async def pause(self, ms: int) -> None:
        """Let so much virtual time pass."""
        if ms > 0:
            await self.wait(asyncio.Event(), self.now_ms() + ms)

    async def settle(self) -> None:
        """Let everything that can run do so, and all work end."""
        await _take_turns()
        while self._working:
            self._idle.clear()
            await self._idle.wait()
            await _take_turns()


async def _take_turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
