"""When a silence is the end of a turn.

Two witnesses: the turn detector hears intonation and breath, the text shows whether something was said that
can be answered. Neither is enough alone, so the silence that is asked for depends on both. What is said to an
assistant, a question or a request, is over sooner than a statement, which may be the first of many.

The waits were chosen on `tests/audio`: 38 utterances with a true end, and 40 pauses of 200 ms or more in
long ones (`docs/decisions/0004-end-of-turn.md`). One dial, `responsiveness`, stretches them.
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
    OPEN_REQUEST = "a request, without the end of a sentence"
    FRAGMENT = "a few words that neither ask, greet nor answer, or part of a story"
    STATEMENT = "a whole sentence that asks for nothing"
    REQUEST = "a whole question or request"


OPINIONS = 3
"""So many of the turn detector's latest opinions on a silence are averaged: single ones waver."""

CERTAINTY = (0.975, 0.9, 0.7, 0.4, 0.15)
"""The steps of the mean opinion. Most true ends pass the first within 100 ms, and one pause in forty."""

FRAGMENT_WORDS = 4
"""So few words are seldom all that is said, closed or not: ever tried, ever failed."""

_WAITS_MS: dict[Completeness, tuple[int, ...]] = {
    # at least .975, .9, .7, .4, .15, or less
    Completeness.UNKNOWN: (900, 900, 1000, 1100, 1300, 1500),
    Completeness.TRAILING: (1200, 1300, 1400, 1500, 1600, 1600),
    Completeness.DIGITS: (1400, 1400, 1400, 1400, 1600, 1600),
    Completeness.OPEN: (250, 600, 900, 1100, 1300, 1500),
    Completeness.OPEN_REQUEST: (150, 300, 500, 800, 1100, 1300),
    Completeness.FRAGMENT: (1250, 1300, 1350, 1450, 1500, 1500),
    Completeness.STATEMENT: (150, 900, 1000, 1450, 1500, 1500),
    Completeness.REQUEST: (100, 150, 250, 350, 500, 750),
}

LONGEST_WAIT_MS = 2_400
"""So long a silence ends any turn, at any setting of the dial."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one silence. `opinions`: the turn detector's probabilities, oldest first."""

    text: str | None = None
    opinions: tuple[float, ...] = ()
    asked: bool = False
    """The last that the assistant said was a question: a few words may be the whole answer."""

    @property
    def certainty(self) -> float:
        """The mean of the latest opinions; 0 before the first."""
        latest = self.opinions[-OPINIONS:]
        return sum(latest) / len(latest) if latest else 0.0


def completeness(text: str | None, *, asked: bool = False) -> Completeness:
    """What the text says; None where there is none yet. `asked`: it may be the answer to a question."""
    if text is None or not lexicon.words(text):
        return Completeness.UNKNOWN
    if lexicon.trails_off(text):
        return Completeness.TRAILING
    if lexicon.ends_in_digits(text):
        return Completeness.DIGITS
    sentence = lexicon.is_sentence(text)
    if lexicon.is_request(text):
        return Completeness.REQUEST if sentence else Completeness.OPEN_REQUEST
    if _is_fragment(text, asked=asked):
        return Completeness.FRAGMENT
    return Completeness.STATEMENT if sentence else Completeness.OPEN


def _is_fragment(text: str, *, asked: bool) -> bool:
    few = len(lexicon.words(text)) <= FRAGMENT_WORDS and not asked
    return (few or lexicon.continues(text)) and not lexicon.is_courtesy(text)


def silence_needed_ms(evidence: Evidence, responsiveness: float) -> int:
    """How long a silence must last, on this evidence, to be the end of the turn."""
    step = sum(evidence.certainty < limit for limit in CERTAINTY)
    wait_ms = _WAITS_MS[completeness(evidence.text, asked=evidence.asked)][step]
    return min(LONGEST_WAIT_MS, round(wait_ms * stretch(responsiveness)))


def stretch(responsiveness: float) -> float:
    """The dial: 2 at 0 (patient), 1 at the middle, 0.5 at 1 (fast)."""
    return float(2 ** (1 - 2 * responsiveness))
