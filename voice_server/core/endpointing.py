"""When a silence is the end of a turn.

Two witnesses: the turn detector hears intonation and breath (a probability), the text shows whether a
sentence is complete. Neither is enough alone, so the silence that is asked for depends on both. People turn
one dial, `responsiveness` (0 patient, 1 fast), which stretches every wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from voice_server.core import lexicon


class Completeness(Enum):
    """What the text says about the end of the turn."""

    UNKNOWN = "no text yet"
    TRAILING = "the last word wants another"
    DIGITS = "numbers are being dictated"
    OPEN = "no end of a sentence"
    SENTENCE = "a whole sentence"
    QUESTION = "a whole question"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one silence."""

    text: str | None = None
    probability: float | None = None


SURE = 0.85
LIKELY = 0.5

_WAITS_MS: dict[Completeness, tuple[int, int, int]] = {
    # (turn detector sure, likely, doubtful or not asked yet)
    Completeness.UNKNOWN: (500, 700, 1100),
    Completeness.TRAILING: (900, 1200, 1600),
    Completeness.DIGITS: (500, 800, 1200),
    Completeness.OPEN: (400, 650, 1100),
    Completeness.SENTENCE: (200, 350, 900),
    Completeness.QUESTION: (160, 260, 700),
}

LONGEST_WAIT_MS = 2_400
"""So long a silence ends any turn, at any setting of the dial."""


def completeness(text: str | None) -> Completeness:
    """What the text says; None where there is none yet."""
    if text is None:
        return Completeness.UNKNOWN
    if lexicon.trails_off(text):
        return Completeness.TRAILING
    if lexicon.ends_in_digits(text):
        return Completeness.DIGITS
    if lexicon.is_question(text):
        return Completeness.QUESTION
    return Completeness.SENTENCE if lexicon.is_sentence(text) else Completeness.OPEN


def silence_needed_ms(evidence: Evidence, responsiveness: float) -> int:
    """How long a silence must last, on this evidence, to be the end of the turn."""
    sure, likely, doubtful = _WAITS_MS[completeness(evidence.text)]
    probability = evidence.probability or 0.0
    wait_ms = sure if probability >= SURE else likely if probability >= LIKELY else doubtful
    return min(LONGEST_WAIT_MS, round(wait_ms * stretch(responsiveness)))


def stretch(responsiveness: float) -> float:
    """The dial: 2 at 0 (patient), 1 at the middle, 0.5 at 1 (fast)."""
    return float(2 ** (1 - 2 * responsiveness))
