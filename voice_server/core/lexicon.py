"""The few words that mean something to turn-taking. English; other languages fall back on sound alone."""

from __future__ import annotations

import re

BACKCHANNELS = frozenset(
    """mm mhm mmhm mm-hm mm-hmm mhmm hmm hm m uh-huh uhhuh huh ah oh aha um uh er erm
    yeah yes yep yup ya right okay ok sure great good nice cool fine alright really exactly true
    wow thanks thank you i see got it""".split()
)
"""Words that say "go on". A hypothesis of these alone does not take the floor."""

STOP_WORDS = frozenset("stop wait no nope cancel pause quiet shush enough hold hang".split())
"""Words that take the floor at once."""

TRAILING_WORDS = frozenset(
    """and but or so because if when that which who the a an to of in on at for with from by as than then
    my your his her its our their is are was were be i'm i we they it's um uh er erm like about into
    can could would should will do does did have has had very really just also maybe""".split()
)
"""A turn that ends in one of these is not over."""

_WORD = re.compile(r"[a-z0-9']+(?:-[a-z0-9']+)*|[^\W\d_]+", re.IGNORECASE)
_DIGITS = re.compile(r"\d[\d,.\- ]*$")


def words(text: str) -> list[str]:
    """The words in lower case, without punctuation."""
    return [match.group().lower() for match in _WORD.finditer(text)]


def is_backchannel(text: str) -> bool:
    """Whether it says no more than "I am listening": at most three words, all of that kind."""
    said = words(text)
    return 0 < len(said) <= 3 and all(word in BACKCHANNELS for word in said)


def has_stop_word(text: str) -> bool:
    """Whether it begins by telling the assistant to stop."""
    return any(word in STOP_WORDS for word in words(text)[:2])


def trails_off(text: str) -> bool:
    """Whether the last word wants another: "and", "the", "um"; or the sentence is left hanging."""
    said = words(text)
    return bool(said) and (said[-1] in TRAILING_WORDS or text.rstrip().endswith((",", "...", "…", "-", "—")))


def ends_in_digits(text: str) -> bool:
    """Whether numbers are being dictated: more may come."""
    return bool(_DIGITS.search(text.rstrip(" .")))


def is_sentence(text: str) -> bool:
    """Whether the transcriber closed the sentence and its last word can be a last word."""
    return text.rstrip().endswith((".", "!", "?")) and not trails_off(text)


def is_question(text: str) -> bool:
    """Whether the transcriber heard a question."""
    return text.rstrip().endswith("?") and not trails_off(text)
