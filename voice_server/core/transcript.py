"""The words of one turn as they settle.

A word is stable once it stood at the same place in the last hypotheses (Local Agreement, Liu et al. 2020,
"Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection"), and
was not among the last words, which the next sound may still change. What is stable is a promise: later
hypotheses, the final one too, may only add to it.
"""

from __future__ import annotations

from voice_server.core.lexicon import words

AGREEMENT = 3
"""Hypotheses in a row that must agree on a word."""

UNSETTLED_WORDS = 2
"""Words at the end of a hypothesis that are never taken as stable."""


class Transcript:
    """The hypotheses of one turn."""

    def __init__(self) -> None:
        self.text = ""
        self._stable: list[str] = []
        self._recent: list[list[str]] = []
        self._most_words = 0

    @property
    def stable(self) -> int:
        """How many characters of `text` will not change."""
        return len(" ".join(self._stable))

    def revise(self, hypothesis: str) -> bool:
        """A new hypothesis of the whole turn. Returns whether it brought words: more, or surer ones."""
        tokens = hypothesis.split()
        self._recent = [*self._recent[1 - AGREEMENT :], tokens]
        settled = self._settle()
        more = len(tokens) > self._most_words
        self._most_words = max(self._most_words, len(tokens))
        self.text = self._joined(tokens)
        return settled or more

    def close(self, hypothesis: str) -> str:
        """The final text: the hypothesis, with what was promised kept."""
        self.text = self._joined(hypothesis.split())
        return self.text

    def _settle(self) -> bool:
        newest, count = self._recent[-1], len(self._stable)
        if len(self._recent) < AGREEMENT or not self._continues(newest):
            return False
        while count < len(newest) - UNSETTLED_WORDS and self._agreed(count):
            count += 1
        settled = newest[len(self._stable) : count]
        self._stable += settled
        return bool(settled)

    def _agreed(self, index: int) -> bool:
        at_index = {_key(tokens[index]) if index < len(tokens) else None for tokens in self._recent}
        return len(at_index) == 1 and None not in at_index

    def _continues(self, tokens: list[str]) -> bool:
        return _keys(tokens[: len(self._stable)]) == _keys(self._stable)

    def _joined(self, tokens: list[str]) -> str:
        known = len(self._stable) if self._continues(tokens) else _aligned(self._stable, tokens)
        return " ".join([*self._stable, *tokens[known:]])


def _aligned(promised: list[str], tokens: list[str]) -> int:
    """How many of `tokens` say what was promised: the prefix with the least edit distance to it.

    Of equals the one nearest in length. Without this, a hypothesis that drops or adds an early word would
    repeat or lose one where it is joined to the promise.
    """
    distances = list(range(len(tokens) + 1))
    for row, word in enumerate(_keys(promised), start=1):
        diagonal, distances[0] = distances[0], row
        for column, other in enumerate(_keys(tokens), start=1):
            cheapest = min(diagonal + (word != other), distances[column] + 1, distances[column - 1] + 1)
            diagonal, distances[column] = distances[column], cheapest
    return min(range(len(distances)), key=lambda count: (distances[count], abs(count - len(promised))))


def _keys(tokens: list[str]) -> list[str]:
    return [_key(token) for token in tokens]


def _key(token: str) -> str:
    return "".join(words(token)) or token
