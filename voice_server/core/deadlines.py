"""Deadlines are values: one time for each reason to wake up."""

from __future__ import annotations

from enum import Enum


class Deadline(Enum):
    """Why the core wants waking. Due ones are handled in this order."""

    PARTIAL = "ask for the next hypothesis"
    SCORE = "ask the turn detector again"
    TRANSCRIPT = "the final transcript is overdue"
    END_OF_TURN = "the silence is long enough"
    CONTESTED = "the contested floor must be decided"
    TURN_LIMIT = "the turn is as long as the transcriber can hear"
    GENERATION = "the language model has stalled"
    SYNTHESIS = "the synthesizer has stalled"
    PLAYED_OUT = "the answer has sounded to its end"
    TOOL = "a tool has given no result in time"
    FILLER = "a tool is slow, and the user does not know"
    PASSED = "the user says nothing after an answer"
    IDLE = "nobody has spoken for long"


class Deadlines:
    """At most one time per reason, in session ms."""

    def __init__(self) -> None:
        self._at: dict[Deadline, int] = {}

    def set(self, reason: Deadline, at_ms: int) -> None:
        """Wake at `at_ms`, instead of whenever it was before."""
        self._at[reason] = at_ms

    def clear(self, *reasons: Deadline) -> None:
        """Do not wake for these."""
        for reason in reasons:
            self._at.pop(reason, None)

    def has(self, reason: Deadline) -> bool:
        """Whether a time is set for it."""
        return reason in self._at

    def next(self) -> int | None:
        """The earliest of them."""
        return min(self._at.values(), default=None)

    def due(self, now_ms: int) -> Deadline | None:
        """One reason that is due, removed from the table; None when none is left."""
        for reason in Deadline:
            if self._at.get(reason, now_ms + 1) <= now_ms:
                del self._at[reason]
                return reason
        return None
