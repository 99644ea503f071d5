"""The client's time: integer nanoseconds, so that a frame is due at an exact moment."""

from __future__ import annotations

import asyncio
from typing import Protocol

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Monotonic time. Tests use one that jumps."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed moment."""

    async def sleep_until(self, when_ns: int) -> None:
        """Return at `when_ns` or later; at once, after yielding, if that has passed."""


class LoopClock:
    """The running event loop's own time."""

    def now_ns(self) -> int:
        return round(asyncio.get_running_loop().time() * NS_PER_S)

    async def sleep_until(self, when_ns: int) -> None:
        await asyncio.sleep(max(0, when_ns - self.now_ns()) / NS_PER_S)


def to_samples(elapsed_ns: int, rate_hz: int) -> int:
    """The first sample that sounds at `elapsed_ns` or later."""
    return -(-elapsed_ns * rate_hz // NS_PER_S)


def to_ns(samples: int, rate_hz: int) -> int:
    """When this sample begins to sound, rounded up, so that the two functions are inverse on samples."""
    return -(-samples * NS_PER_S // rate_hz)
