"""SIGTERM for commands that start programs: as Ctrl-C, so that none of those is left behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def ended_by_sigterm(work: Awaitable[T]) -> T:
    """Do the work, in the main thread. At SIGTERM it is cancelled, and KeyboardInterrupt raised at its end.

    A second signal ends the process at once.
    """
    loop, task, told = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task

    def end() -> None:
        loop.remove_signal_handler(signal.SIGTERM)
        told.set()
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        return await work
    except asyncio.CancelledError:
        if told.is_set():
            raise KeyboardInterrupt from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
