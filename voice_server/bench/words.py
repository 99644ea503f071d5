"""Word errors, after the spelling that does not matter is taken out. Pure.

The rules are those of Whisper's authors (lower case, no punctuation, contractions written out, fillers
dropped) as far as our recordings need them; numbers become single digits, so that "ten" is "10".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

FILLERS = frozenset("hmm mm mhm mmm uh um ah eh er".split())
CONTRACTIONS = (
    (r"won't", "will not"),
    (r"can't", "can not"),
    (r"let's", "let us"),
    (r"y'?know", "you know"),
    (r"n't\b", " not"),
    (r"'re\b", " are"),
    (r"'ve\b", " have"),
    (r"'ll\b", " will"),
    (r"'d\b", " would"),
    (r"'m\b", " am"),
    (r"\b(it|he|she|that|what|there|here|where|who)'s\b", r"\1 is"),
)
SPELLINGS = {"ok": "okay", "alright": "all right", "metres": "meters", "summarised": "summarized"}
UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
)
UNITS += "sixteen seventeen eighteen nineteen".split()
TENS = {word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty".split(), 2)}
NUMBERS = {word: str(value) for value, word in enumerate(UNITS)} | {w: str(v) for w, v in TENS.items()}


def normalized(text: str) -> list[str]:
    """The words that count."""
    text = text.lower().replace("’", "'")
    for pattern, written_out in CONTRACTIONS:
        text = re.sub(pattern, written_out, text)
    words = re.sub(r"[^\w\s']|(?<!\w)'|'(?!\w)", " ", text).replace("'", "").split()
    spelled = " ".join(SPELLINGS.get(word, word) for word in words if word not in FILLERS).split()
    return [part for index, word in enumerate(spelled) for part in _digits(spelled, index, word)]


def word_errors(reference: str, hypothesis: str) -> tuple[int, int]:
    """Substitutions, deletions and insertions, and how many words the reference has."""
    wanted, got = normalized(reference), normalized(hypothesis)
    row = list(range(len(got) + 1))
    for i, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(got, 1):
            diagonal, row[j] = row[j], min(diagonal + (word != other), row[j] + 1, row[j - 1] + 1)
    return row[-1], len(wanted)


def recognized(reference: Sequence[str], hypothesis: Sequence[str]) -> set[int]:
    """Indices of the reference's words that the hypothesis has, in order."""
    blocks = SequenceMatcher(a=reference, b=hypothesis, autojunk=False).get_matching_blocks()
    return {block.a + offset for block in blocks for offset in range(block.size)}


def _digits(words: Sequence[str], index: int, word: str) -> list[str]:
    """A number as its digits; an "oh" among digits is one of them."""
    if word == "oh" and any(_is_number(words, place) for place in (index - 1, index + 1)):
        return ["0"]
    if word in TENS and index + 1 < len(words) and words[index + 1] in UNITS[1:10]:
        return [NUMBERS[word][0]]
    spelled = NUMBERS.get(word, word)
    return list(spelled) if spelled.isdecimal() else [word]


def _is_number(words: Sequence[str], place: int) -> bool:
    return 0 <= place < len(words) and (
        words[place] in NUMBERS or words[place] == "oh" or words[place].isdecimal()
    )
