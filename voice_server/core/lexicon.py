"""The few words that mean something to turn-taking. English; other languages fall back on sound alone."""

from __future__ import annotations

import re

BACKCHANNELS = frozenset(
    """mm mhm mmhm mm-hm mm-hmm mhmm hmm hm m uh-huh uhhuh huh ah oh aha um uh er erm
    yeah yes yep yup ya right okay ok sure great good nice cool fine alright really exactly true
    wow thanks thank you i see got it hey""".split()
)
"""Words that say "go on". A hypothesis of these alone does not take the floor.
Many a "yeah" is heard as "hey"."""

STOP_WORDS = frozenset("stop wait no nope cancel pause quiet shush enough hold hang".split())
"""Words that take the floor at once."""

NEVER_LAST = frozenset(
    """and but or because if the a an my your our their his its i'm it's um uh er erm than very
    to of as into i we they which""".split()
)
"""No sentence ends in one of these."""

SELDOM_LAST = frozenset(
    """so when that who in on at for with from by then her is are was were be like about
    can could would should will do does did have has had really just also maybe""".split()
)
"""A turn that ends in one of these is not over, unless the sentence is closed, as in: where are you from?"""

COURTESIES = BACKCHANNELS | frozenset(
    "hi hey hello bye goodbye good morning afternoon evening night no nope please much very so".split()
)
"""A few of these alone are a whole turn."""

OPENERS = frozenset("hi hey hello okay ok so please well and then".split())
"""What may come before a request."""

CONTINUING = frozenset("and but so because or".split())
"""A statement that begins with one of these belongs to something longer."""

REQUESTING = frozenset(
    """what what's who who's where where's when when's why how how's which can could would will should do does
    did is are may i'd let's give get make set turn tell show go play lock open close find call add start
    cancel stop express put bring send read remind order switch explain repeat say ask take
    resume pause continue skip snooze mute increase decrease raise lower dim change create write schedule book
    check search look translate define spell calculate convert navigate drive move delete remove save buy list
    count describe help wake sing text email message""".split()
)
"""A sentence that begins with one of these is said to somebody who is to answer or to act."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_DIGITS = re.compile(r"\d[\d,.\- ]*$")


def words(text: str) -> list[str]:
    """The words in lower case, without punctuation."""
    return [match.group().lower().replace("’", "'") for match in _WORD.finditer(text)]


def is_backchannel(text: str) -> bool:
    """Whether it says no more than "I am listening": at most three words, all of that kind."""
    said = words(text)
    return 0 < len(said) <= 3 and all(word in BACKCHANNELS for word in said)


def is_courtesy(text: str) -> bool:
    """Whether it says no more than yes, no, hello, thanks or good night."""
    return all(word in COURTESIES for word in words(text))


def has_substance(text: str) -> bool:
    """Whether there is a word of two letters or a digit in it: a sneeze is heard as "B-B-B"."""
    parts = [part for word in words(text) for part in word.split("-")]
    return any(len(part) > 1 or part.isdigit() for part in parts)


def has_stop_word(text: str) -> bool:
    """Whether it begins by telling the assistant to stop."""
    return any(word in STOP_WORDS for word in words(text)[:2])


def takes_floor(text: str) -> bool:
    """Whether somebody who says this over the assistant wants to be listened to."""
    return has_stop_word(text) or (has_substance(text) and not is_backchannel(text))


def trails_off(text: str) -> bool:
    """Whether the last word wants another: "and", "the", "um"; or the sentence is left hanging."""
    said, shown = words(text), text.rstrip()
    if not said or shown.endswith((",", "...", "…", "-", "—")):
        return bool(said)
    return said[-1] in NEVER_LAST or (said[-1] in SELDOM_LAST and not shown.endswith((".", "!", "?")))


def ends_in_digits(text: str) -> bool:
    """Whether numbers are being dictated: more may come."""
    return bool(_DIGITS.search(text.rstrip(" .")))


def is_sentence(text: str) -> bool:
    """Whether the transcriber closed the sentence and its last word can be a last word."""
    return text.rstrip().endswith((".", "!", "?")) and not trails_off(text)


def is_request(text: str) -> bool:
    """Whether a question or a request is the last, or the first, thing that it says."""
    sentences = _SENTENCE_END.split(text.strip())
    return text.rstrip().endswith("?") or any(_asks(s) for s in (sentences[0], sentences[-1]))


def continues(text: str) -> bool:
    """Whether it begins as the next sentence of a story does."""
    return any(word in CONTINUING for word in words(text)[:1])


def _asks(sentence: str) -> bool:
    said = [word for word in words(sentence) if word not in OPENERS]
    asks = said[:1] and said[0] in REQUESTING
    return bool(asks) or said[:2] in (["i", "want"], ["i", "need"], ["i", "would"])
