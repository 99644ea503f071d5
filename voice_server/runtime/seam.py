"""Going on with a clause that another server has begun to speak: a voice never says a clause twice alike.

So the place to go on is not the same sample but the same place in the same word: a word that was half said is
said to its end, and none is left out or said again.
"""

from __future__ import annotations

from voice_server.core.playout import Word
from voice_server.ports import SpeechChunk


class Seam:
    """Given the chunks of the clause, spoken anew from its beginning, gives what is left to be said."""

    def __init__(self, samples: int, words: tuple[Word, ...]) -> None:
        """What there is already, positions from the clause's beginning. 0, (): all is left."""
        self._samples = samples
        self._last = words[-1] if words else None
        self._known = len(words)
        """So many of the words to come are said, the last of them perhaps in part."""
        self._begin = samples
        """Where to go on, in the clause as it is spoken now."""
        self._passed = 0

    def rest(self, chunk: SpeechChunk) -> SpeechChunk:
        """What is new of the next chunk."""
        new: list[Word] = []
        for word in (word.shifted(self._passed) for word in chunk.words):
            self._note(word)
            if self._known < 0:
                new.append(word)
        skipped = len(chunk.samples) if self._known > 0 else max(0, self._begin - self._passed)
        skipped = min(skipped, len(chunk.samples))
        begin = self._passed + skipped
        self._passed += len(chunk.samples)
        return SpeechChunk(chunk.samples[skipped:], tuple(word.shifted(-begin) for word in new))

    def _note(self, word: Word) -> None:
        self._known -= 1
        if self._known == 0 and self._last:
            self._begin = _same_place(self._samples, self._last, word)
        elif self._known < 0:
            self._known = -1
            self._begin = min(self._begin, word.start_sample)


def _same_place(position: int, before: Word, now: Word) -> int:
    """The place in `now` that `position` is in `before`, or as far behind its end."""
    if position >= before.end_sample:
        return now.end_sample + position - before.end_sample
    said, length = position - before.start_sample, before.end_sample - before.start_sample
    return now.start_sample + said * (now.end_sample - now.start_sample) // max(1, length)
