"""Cutting the model's text into clauses: the smallest text worth speaking.

The first clause is short, because the user waits for it; the next ones are spoken while it sounds and may
be longer, because longer clauses sound better.
"""

from __future__ import annotations

import re

FIRST_WORDS = 2
"""The first clause may end at a comma after so many words."""

FIRST_LIMIT_WORDS = 3
"""And ends here in any case: each word more costs 30 ms, to generate and to speak it (two cores)."""

LATER_WORDS = 6
"""A later clause may end at a comma after so many words."""

LATER_LIMIT_WORDS = 30

LONGEST_WORD_CHARS = 40
"""A longer one is several: an address takes long to read out, and some languages put no spaces."""

_GAP = re.compile(r"\s+|(?:(?<=[。！？，；：、])|(?<=[。！？][」』”’）]))(?=[^\s。！？，；：、」』”’）])")
"""Between two words. Chinese and Japanese have a full-width mark where others have a mark and a space."""
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]」』）]*$")
_COMMA_END = re.compile(r"[,;:—–，；：、][\"'”’)\]」』）]*$")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-HJ-Za-z]|(?i:mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|prof))\.$")


class ClauseCutter:
    """Takes text as it is generated, gives clauses as they become complete."""

    def __init__(self) -> None:
        self.hurried = True
        """The rest is not known yet, and so the first clause is a short one."""
        self._pending = ""
        self._words: list[str] = []
        self._cut = 0

    def push(self, text: str) -> list[str]:
        """Add text; return the clauses that it completed. A word is complete once something follows it."""
        self._pending += text
        *complete, self._pending = (piece for word in _GAP.split(self._pending) for piece in _pieces(word))
        return [clause for word in complete if word for clause in self._add(word)]

    def flush(self) -> list[str]:
        """The text has ended: return what is left."""
        last, self._pending = self._pending, ""
        clauses = self._add(last) if last else []
        return clauses + (self._take() if self._speakable else [])

    @property
    def _speakable(self) -> bool:
        """Whether there is anything to pronounce in what is pending: not in a smiley."""
        return any(letter.isalnum() for word in self._words for letter in word)

    def _add(self, word: str) -> list[str]:
        self._words.append(word)
        return self._take() if self._ends_here() else []

    def _take(self) -> list[str]:
        if not self._words:
            return []
        clause, self._words = " ".join(self._words), []
        self._cut += 1
        return [clause]

    def _ends_here(self) -> bool:
        if not self._speakable:
            return False
        text, count = " ".join(self._words[-2:]), len(self._words)
        if _SENTENCE_END.search(text) and not _ABBREVIATION.search(text) and not _list_number(text):
            return True
        hurried = self.hurried and not self._cut
        enough, limit = (FIRST_WORDS, FIRST_LIMIT_WORDS) if hurried else (LATER_WORDS, LATER_LIMIT_WORDS)
        return count >= limit or (count >= enough and bool(_COMMA_END.search(text)))


def _pieces(word: str) -> list[str]:
    return [word[at : at + LONGEST_WORD_CHARS] for at in range(0, max(1, len(word)), LONGEST_WORD_CHARS)]


def _list_number(text: str) -> bool:
    """Whether it ends in the number of a list, at the head or after another mark: not so "is 2"."""
    return bool(re.fullmatch(r"(?:.*[.!?:;,…]\s)?\d{1,2}\.", text))
