"""What of a written word is said aloud: no emoji, no Markdown, and no full stop that ends no sentence.

A synthesizer reads "**", "😀" and "~" out by name, takes the dot of "Dr." for the end of a sentence, and runs
the words around "..." into one (espeak-ng, through Piper).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

PAUSE = re.compile(r"-+|–|—|•|\*|\.{2,}|…")
"""As a word of its own: a dash, a bullet, dots."""
MARKS = re.compile(r"\]\(\S*?\)|[*`~|\[\]]|^[#>_]+|_+$")
"""Markdown: link targets, emphasis, code, tables, headings, quotes. Piper takes "[[" for raw phonemes."""
JOINING_DASH = re.compile(r"(?<=\w)—(?=\w)")
ELLIPSIS = re.compile(r"\.{2,}|…")
ABBREVIATION = re.compile(r"\W*(dr|mr|mrs|ms|prof|st|sr|jr|mt|rev|gen|col|capt|lt|sgt)\.", re.IGNORECASE)
READ_SIGNS = frozenset("$£€¥%&+=@°")
SILENT_CATEGORIES = frozenset({"So", "Sk", "Cs", "Co", "Cn", "Cc", "Cf", "Me"})
"""Unicode's symbols (emoji), their modifiers, and what has no form."""
VARIATION_SELECTORS = frozenset("\ufe0e\ufe0f")


def spoken_words(words: Sequence[str]) -> list[str]:
    """For each word of a text, what is said of it, "" for nothing. Same length and order."""
    spoken: list[str] = []
    for index, word in enumerate(words):
        inside = any(spoken) and index < len(words) - 1
        spoken.append(
            _pause(inside) if PAUSE.fullmatch(word) else _said(word, is_last=index == len(words) - 1)
        )
    return spoken


def _pause(inside: bool) -> str:
    return "," if inside else ""


def _said(word: str, *, is_last: bool) -> str:
    word = "".join(filter(_is_read, MARKS.sub("", word)))
    word = ELLIPSIS.sub("." if is_last else ",", JOINING_DASH.sub(", ", word))
    if not is_last and ABBREVIATION.fullmatch(word):
        word = word[:-1]
    return word if any(c.isalnum() or c in READ_SIGNS for c in word) else ""


def _is_read(character: str) -> bool:
    if character in VARIATION_SELECTORS:
        return False
    return character in READ_SIGNS or unicodedata.category(character) not in SILENT_CATEGORIES
