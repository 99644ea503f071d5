"""Answers into the pauses of a long utterance: the assistant took a breath for the end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voice_server.bench.levels import Span


@dataclass(frozen=True, slots=True)
class PausesOutcome:
    """What happened in the pauses of one utterance."""

    pauses: int
    cut_off: int
    """Pauses with an answer that became audible in them, or over the words right after them."""
    inside: int
    """Those in which it was audible before the speaker went on."""


def measure_pauses(
    audible_ms: Sequence[float], pauses_ms: Sequence[Span], speech_end_ms: float
) -> PausesOutcome:
    """Sort the answers, by when each was first audible, to the pauses in which they were decided.

    An answer belongs to the pause that began last before it; after `speech_end_ms` it is a proper answer.
    """
    ends = [begin for begin, _end in pauses_ms[1:]] + [speech_end_ms]
    cut_off = inside = 0
    for (begin, end), until in zip(pauses_ms, ends, strict=False):
        starts = [at for at in audible_ms if begin <= at < until]
        cut_off += bool(starts)
        inside += any(at < end for at in starts)
    return PausesOutcome(len(pauses_ms), cut_off, inside)
