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
        self._stable: list[str] = []
        self._recent: list[list[str]] = []
        self.text = ""

    @property
    def stable(self) -> int:
        """How many characters of `text` will not change."""
        return len(" ".join(self._stable))

    def revise(self, hypothesis: str) -> None:
        """A new hypothesis of the whole turn."""
        tokens = hypothesis.split()
        self._recent = [*self._recent[1 - AGREEMENT :], tokens]
        if len(self._recent) == AGREEMENT:
            self._settle()
        self.text = self._joined(tokens)

    def close(self, hypothesis: str) -> str:
        """The final text: the hypothesis, with what was promised kept."""
        self.text = self._joined(hypothesis.split())
        return self.text

    def _settle(self) -> None:
        newest = self._recent[-1]
        count = len(self._stable)
        while count < len(newest) - UNSETTLED_WORDS and self._agreed(count):
            count += 1
        if self._continues(newest):
            self._stable += newest[len(self._stable) : count]

    def _agreed(self, index: int) -> bool:
        return len({_key(tokens[index]) for tokens in self._recent if index < len(tokens)}) == 1 and all(
            index < len(tokens) for tokens in self._recent
        )

    def _continues(self, tokens: list[str]) -> bool:
        return [_key(t) for t in tokens[: len(self._stable)]] == [_key(t) for t in self._stable]

    def _joined(self, tokens: list[str]) -> str:
        return " ".join([*self._stable, *tokens[len(self._stable) :]])


def _key(token: str) -> str:
    return "".join(words(token)) or token
