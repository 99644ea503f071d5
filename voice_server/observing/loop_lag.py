"""How late the event loop rings its timers: what every session waits for when somebody blocks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

INTERVAL_S = 0.25


class LoopLag:
    """Sets a timer again and again, and tells by how many seconds each was late."""

    def __init__(self, observe: Callable[[float], object]) -> None:
        self._observe = observe
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Measure the running loop."""
        loop = asyncio.get_running_loop()
        self._set(loop, loop.time() + INTERVAL_S)

    def stop(self) -> None:
        """No more."""
        if self._timer:
            self._timer.cancel()

    def _set(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self._timer = loop.call_at(due_s, self._ring, loop, due_s)

    def _ring(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self._observe(max(0.0, loop.time() - due_s))
        self._set(loop, loop.time() + INTERVAL_S)
