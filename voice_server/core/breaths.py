"""Where a response can be broken off without sounding broken: after clauses that end in a mark."""

from __future__ import annotations

import re

_MARK = re.compile(r"[.!?…,;:—–。！？，；：、][\"'”’)\]」』）]*$")


class Breaths:
    """The clauses of one response, numbered from 0, and where the sound of each ends, in samples."""

    def __init__(self) -> None:
        self._may_end: list[bool] = []
        self._ends: list[int] = []

    def add(self, clause: str) -> None:
        """The next clause, which is to be spoken."""
        self._may_end.append(bool(_MARK.search(clause)))

    def made(self, end_sample: int) -> None:
        """All sound of the next clause is there, and ends here."""
        self._ends.append(end_sample)

    def next_after(self, position: int) -> int | None:
        """How many clauses, from the first, have to be spoken to end well after `position`; None: unknown."""
        sounding = sum(end <= position for end in self._ends)
        marked = (number for number, mark in enumerate(self._may_end) if mark and number >= sounding)
        return next((number + 1 for number in marked), None)

    def end_of(self, clauses: int) -> int | None:
        """Where the sound of the first `clauses` ends; None: it is still being made."""
        return self._ends[clauses - 1] if clauses <= len(self._ends) else None
