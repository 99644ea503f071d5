"""Percentiles of what was measured, and of what never came."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NEVER = math.inf
"""The measured time of what was waited for in vain: it counts, as the worst."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value under which `share` (0 to 1) of the values lie, interpolated. Raises ValueError on none."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    weight = place - below
    if weight == 0 or ordered[below] == ordered[below + 1]:
        return ordered[below]
    return ordered[below] * (1 - weight) + ordered[below + 1] * weight


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is said of many measured times, in ms."""

    p50: float
    p95: float
    n: int
    never: int
    """How many of them never came."""

    @classmethod
    def of(cls, values: Iterable[float]) -> Distribution | None:
        """None of nothing."""
        known = list(values)
        if not known:
            return None
        never = sum(value == NEVER for value in known)
        return cls(percentile(known, 0.5), percentile(known, 0.95), len(known), never)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @classmethod
    def where(cls, facts: Iterable[bool]) -> Share:
        """The share of facts that are true."""
        known = list(facts)
        return cls(sum(known), len(known))

    @property
    def value(self) -> float | None:
        """0 to 1; None of nothing."""
        return self.count / self.of if self.of else None
