"""Where the loudspeaker is in one response, and which words have sounded.

The position is what the client last reported plus real time since, or real time since the first audio when
it never reports; it never passes the end of what was there to play. When the audio runs dry the playhead
waits at the end and goes on when more arrives.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.audio.rates import ms_to_samples, samples_to_ms


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it sounds, in samples."""

    text: str
    start_sample: int
    end_sample: int

    def shifted(self, samples: int) -> Word:
        """The same word, `samples` later."""
        return Word(self.text, self.start_sample + samples, self.end_sample + samples)


class Playout:
    """The playhead over one response's audio. Times are session ms, positions samples at `rate_hz`."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.total = 0
        self.words: list[Word] = []
        self._anchor_position = 0
        self._anchor_ms: int | None = None  # None: standing still

    @property
    def running(self) -> bool:
        """Whether the playhead moves as time passes."""
        return self._anchor_ms is not None

    def append(self, samples: int, words: tuple[Word, ...], now_ms: int) -> tuple[Word, ...]:
        """More audio has been made. Returns its words, placed within the response."""
        placed = tuple(word.shifted(self.total) for word in words)
        if self.running and self.position(now_ms) == self.total:
            self._anchor(self.total, now_ms)
        self.total += samples
        self.words.extend(placed)
        return placed

    def run(self, position: int, now_ms: int) -> None:
        """Play from `position` on."""
        self._anchor(min(position, self.total), now_ms)

    def stop(self, now_ms: int) -> None:
        """Stand still where the playhead is."""
        self._anchor_position = self.position(now_ms)
        self._anchor_ms = None

    def report(self, played_ms: int, now_ms: int) -> None:
        """The client says how far it has played. It knows better, running or not."""
        self._anchor_position = max(0, min(ms_to_samples(played_ms, self.rate_hz), self.total))
        if self.running:
            self._anchor_ms = now_ms

    def position(self, now_ms: int) -> int:
        """Samples that have sounded by now."""
        if self._anchor_ms is None:
            return self._anchor_position
        elapsed_ms = max(0, now_ms - self._anchor_ms)
        return min(self.total, self._anchor_position + elapsed_ms * self.rate_hz // 1000)

    def finished_at_ms(self) -> int | None:
        """When all that is there will have sounded; None while standing still."""
        if self._anchor_ms is None:
            return None
        left = self.total - self._anchor_position
        return self._anchor_ms + -(-left * 1000 // self.rate_hz)

    def heard(self, now_ms: int) -> str:
        """The words that have sounded to their end, joined by spaces."""
        position = self.position(now_ms)
        return " ".join(word.text for word in self.words if word.end_sample <= position)

    def word_boundary(self, now_ms: int) -> int:
        """The start of the first word that has not sounded to its end: where to go on after a pause."""
        position = self.position(now_ms)
        return next((w.start_sample for w in self.words if w.end_sample > position), position)

    def position_ms(self, now_ms: int) -> int:
        """Whole milliseconds that have sounded by now."""
        return samples_to_ms(self.position(now_ms), self.rate_hz)

    def _anchor(self, position: int, now_ms: int) -> None:
        self._anchor_position, self._anchor_ms = position, now_ms
