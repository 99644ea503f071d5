"""A thread that writes, so that the event loop never waits for a disk or a terminal."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Protocol

Work = Callable[[], object]

QUEUE_LIMIT = 20_000
"""What may wait: two minutes of one captured session, or four seconds of thirty."""

logger = logging.getLogger(__name__)


class Writer(Protocol):
    """Does pieces of work, sooner or later."""

    def put(self, work: Work) -> bool:
        """Have it done. False, and it is forgotten, when too much waits."""


class Immediate:
    """Fits `Writer`: does it at once, for sessions in virtual time."""

    def put(self, work: Work) -> bool:
        """Do it."""
        work()
        return True


class Background:
    """Does pieces of work in order. The thread begins with the first and ends with `close`."""

    def __init__(self, name: str, limit: int = QUEUE_LIMIT) -> None:
        self._name = name
        self._queue: queue.Queue[Work | None] = queue.Queue(limit)
        self._thread: threading.Thread | None = None

    def put(self, work: Work) -> bool:
        """Have it done. False, and it is forgotten, when too much waits."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(work)
        except queue.Full:
            return False
        return True

    @property
    def waiting(self) -> int:
        """Pieces of work that have not begun."""
        return self._queue.qsize()

    def close(self) -> None:
        """Finish what waits, then end."""
        if self._thread:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while work := self._queue.get():
            try:
                work()
            except Exception:  # a bug of ours must not end the captures of everybody
                logger.exception("a record could not be written")
