"""When each written word sounds, from the durations of the phonemes that were made of the whole text.

A phonemizer sees the text, not the words: it merges some ("of the" → "ʌvðə") and makes several of others
("42" → "fɔːɹɾi tuː"). So each word is phonemized alone as well, and the two phoneme sequences are aligned by
their common runs (Ratcliff and Obershelp's gestalt matching, as in difflib). What lies between two runs is
divided in proportion.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from voice_server.core.playout import Word

SEPARATORS = frozenset(" .,;:!?")
"""Piper keeps these punctuation marks among the phonemes."""
Anchor = tuple[int, int]
"""A position in the words' phonemes, and the same place in the text's."""


def is_sound(phoneme: str) -> bool:
    """Whether this is more than a space or a punctuation mark."""
    return phoneme not in SEPARATORS


def word_spans(alone: Sequence[Sequence[str]], together: Sequence[str]) -> list[tuple[int, int]]:
    """Where each word lies in the phonemes of the whole text.

    `alone`: each word's phonemes; none for a word that is not said. `together`: the text's phonemes.
    Returns (start, end) indices into `together`: in order, not overlapping, empty for what is not said.
    """
    joined, edges = _joined(alone)
    anchors = _anchors(joined, _sounds(together))
    spans, reached = [], 0
    for start, end in edges:
        if start == end:
            spans.append((reached, reached))
            continue
        first = max(reached, _place(anchors, start, bisect_right))
        reached = max(first, _place(anchors, end, bisect_left))
        spans.append((first, reached))
    return spans


def timed_words(
    texts: Sequence[str], spans: Sequence[tuple[int, int]], edges: Sequence[int]
) -> tuple[Word, ...]:
    """The words of one piece of sound. `edges`: where each phoneme begins, and the last ends, in samples."""
    return tuple(Word(text, edges[s], edges[e]) for text, (s, e) in zip(texts, spans, strict=True))


def _joined(alone: Sequence[Sequence[str]]) -> tuple[list[str], list[tuple[int, int]]]:
    """The words' phonemes with a space between them, and where each word lies in that."""
    joined: list[str] = []
    edges = []
    for sounds in map(_sounds, alone):
        if sounds and joined:
            joined.append(" ")
        edges.append((len(joined), len(joined) + len(sounds)))
        joined += sounds
    return joined, edges


def _sounds(phonemes: Sequence[str]) -> list[str]:
    """With a space for every mark, and without those at the end."""
    sounds = [phoneme if is_sound(phoneme) else " " for phoneme in phonemes]
    while sounds and sounds[-1] == " ":
        sounds.pop()
    return sounds


def _anchors(joined: list[str], together: list[str]) -> list[Anchor]:
    """The ends of every common run, with the outer ends of both sequences; ascending in both.

    Spaces alone are no run: where a word was merged and changed ("of A." → "əvə."), they meet by chance.
    """
    anchors = [(0, 0)]
    for a, b, size in SequenceMatcher(None, joined, together, autojunk=False).get_matching_blocks():
        if any(p != " " for p in joined[a : a + size]):
            anchors += [(a, b), (a + size, b + size)]
    return [*anchors, (len(joined), len(together))]


def _place(anchors: list[Anchor], index: int, bisect: Callable[..., int]) -> int:
    """The place of `index` in the text's phonemes.

    Where the text has more phonemes at this point, `bisect_right` gives the place after them and
    `bisect_left` the one before.
    """
    found = bisect(anchors, index, key=lambda anchor: anchor[0]) - (bisect is bisect_right)
    a, b = anchors[found]
    if a == index:
        return b
    (a0, b0), (a1, b1) = anchors[found : found + 2] if a < index else anchors[found - 1 : found + 1]
    return b0 + round((index - a0) * (b1 - b0) / (a1 - a0))
