"""What is speech in Whisper's text, and what is not. Pure.

Whisper names sounds that are no speech in brackets: "(coughs)", "[BLANK_AUDIO]", "*sighs*", "♪". It also gets
caught in loops, saying the same words until it runs out of tokens.
"""

from __future__ import annotations

import re

ANNOTATION = re.compile(r"\[[^\]]*\]?|\([^)]*\)?|\*[^*]*\*?|[♩♪♫♬]+|>>")
"""One that the token limit cut off before its closing bracket counts too."""
MIN_LOOP_WORDS = 6
"""Fewer may have been said: "no no no", "bye bye"."""


def spoken(text: str) -> str:
    """The words without the annotations, "" when no word is left."""
    words = " ".join(ANNOTATION.sub(" ", text).split())
    return words if any(character.isalnum() for character in words) else ""


def without_loop(text: str) -> str:
    """The text up to the end of the first round of the loop that it ends in; all of it if it ends in none.

    A loop is a phrase that was said twice and begun a third time, `MIN_LOOP_WORDS` or more in all.
    """
    words = text.split()
    plain = [re.sub(r"\W", "", word).lower() for word in words]
    for period in range(1, len(words) // 2 + 1):
        repeated = _repeated_words(plain, period)
        if repeated > period and repeated + period >= MIN_LOOP_WORDS:
            return " ".join(words[: len(words) - repeated])
    return text


def _repeated_words(words: list[str], period: int) -> int:
    """How many words at the end are each the same as the one `period` before. The last may be cut short."""
    if not words[-1 - period].startswith(words[-1]):
        return 0
    count = 1
    while count + period < len(words) and words[-1 - count] == words[-1 - count - period]:
        count += 1
    return count
