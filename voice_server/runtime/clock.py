"""Two clocks: the machine's, and one that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import time
from itertools import count

SETTLE_ROUNDS = 50
"""Turns of the event loop after which everything that was woken has done what it could."""


class SystemClock:
    """The machine's monotonic clock."""

    def now_ms(self) -> int:
        """Milliseconds since some fixed moment."""
        return time.monotonic_ns() // 1_000_000

    async def wait(self, woken: asyncio.Event, until_ms: int | None) -> None:
        """Return when `woken` is set, by somebody or by the time."""
        if until_ms is None:
            await woken.wait()
            return
        delay_s = max(0.0, until_ms / 1000 - time.monotonic_ns() / 1e9)
        alarm = asyncio.get_running_loop().call_later(delay_s, woken.set)
        try:
            await woken.wait()
        finally:
            alarm.cancel()


class VirtualClock:
    """Time that passes only in `advance`: an hour of conversation in seconds, the same every time."""

    def __init__(self, start_ms: int = 0) -> None:
        self._now_ms = start_ms
        self._order = count()
        self._sleepers: list[tuple[int, int, asyncio.Event]] = []

    def now_ms(self) -> int:
        """Where the clock stands."""
        return self._now_ms

    async def wait(self, woken: asyncio.Event, until_ms: int | None) -> None:
        """Return when `woken` is set, by somebody or by `advance`."""
        if until_ms is not None and until_ms <= self._now_ms:
            woken.set()
        elif until_ms is not None:
            heapq.heappush(self._sleepers, (until_ms, next(self._order), woken))
        await woken.wait()

    async def advance(self, ms: int) -> None:
        """Let `ms` pass, waking each sleeper at its time and letting it finish what it does."""
        until_ms = self._now_ms + ms
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= until_ms:
            self._now_ms, _, woken = heapq.heappop(self._sleepers)
            woken.set()
            await self.settle()
        self._now_ms = until_ms
        await self.settle()

    async def settle(self) -> None:
        """Let everything that can run do so."""
        for _ in range(SETTLE_ROUNDS):
            await asyncio.sleep(0)
