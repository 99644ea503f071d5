"""When a session is over although neither side has said so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why its time is up. The values are what the client is told."""

    DISCONNECTED = "disconnected"
    TOO_OLD = "max_session"
    RESTART = "the server restarts"


@dataclass
class Lifetime:
    """Of one session. Times are on its clock."""

    window_ms: int
    """So long it waits for its client."""
    limit_ms: int | None
    """So old it may become."""
    left_ms: int | None = None
    """When its client was lost. None: it is there."""
    restart_ms: int | None = None
    """When the server will wait for it no longer."""

    def next(self) -> tuple[int, Reason] | None:
        """When its time is up, and why."""
        ends = [
            None if self.restart_ms is None else (self.restart_ms, Reason.RESTART),
            None if self.left_ms is None else (self.left_ms + self.window_ms, Reason.DISCONNECTED),
            None if self.limit_ms is None else (self.limit_ms, Reason.TOO_OLD),
        ]
        return min((end for end in ends if end), key=lambda end: end[0], default=None)
