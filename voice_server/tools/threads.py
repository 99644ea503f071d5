"""Threads for functions that block, and that may never come back.

A function cannot be stopped from outside: one that hangs keeps its thread. So there are as many as there may
be at once, and they are daemons: the process ends without them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from voice_server.errors import ToolError

T = TypeVar("T")


class ToolThreads:
    """At most `limit` pieces of work at once, one thread each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0
        self._lock = threading.Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Raises ToolError while all threads are taken.

        Cancelling lets go of it; it runs on, and nobody hears of its end.
        """
        with self._lock:
            if self._running >= self._limit:
                raise ToolError(f"{self._limit} tools are running already: try again later")
            self._running += 1
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._work, args=(work, future), name="tool", daemon=True).start()
        return await future

    def _work(self, work: Callable[[], T], future: asyncio.Future[T]) -> None:
        try:
            resolve = partial(future.set_result, work())
        except (StopIteration, SystemExit) as raised:  # neither fits into a future
            resolve = partial(future.set_exception, RuntimeError(f"it raised {type(raised).__name__}"))
        except Exception as raised:
            resolve = partial(future.set_exception, raised)
        finally:
            with self._lock:
                self._running -= 1
        _deliver(future, resolve)


def _deliver(future: asyncio.Future[T], resolve: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop is closed, and nobody waits
        future.get_loop().call_soon_threadsafe(lambda: None if future.done() else resolve())
