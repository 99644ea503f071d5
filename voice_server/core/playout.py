"""Where the loudspeaker is in one response, and which words have sounded.

The position is what the client last reported plus real time since, or real time since the first audio when
it never reports; it never passes the end of what was there to play. When the audio runs dry the playhead
waits at the end and goes on when more arrives.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.audio.rates import ms_to_samples, samples_to_ms

REGULAR_REPORTS = 3
REPORTS_CEASE_MS = 1_500
"""Who reports its position regularly does so every 200 ms: after this long without, it may be gone."""
PATIENCE_MS = 30_000
"""So much later it has turned out: a dead peer is noticed within three heartbeats of 10 s.

And who says that it still plays, so long after real time would have brought it to the end, is not waited for.
"""


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
        self._reported: int | None = None  # by the client, since it was last told to play
        self._reports = 0
        self._last_report_ms = 0
        self._due_ms = 0  # when all that is there will have sounded, by real time alone

    @property
    def running(self) -> bool:
        """Whether the playhead moves as time passes."""
        return self._anchor_ms is not None

    def append(self, samples: int, words: tuple[Word, ...], now_ms: int) -> tuple[Word, ...]:
        """More audio has been made. Returns its words, placed within the response."""
        placed = tuple(word.shifted(self.total) for word in words)
        if self.running and self.position(now_ms) == self.total:
            self._anchor(self.total, now_ms)
        self._due_ms = max(self._due_ms, now_ms) + self._lasts_ms(samples)
        self.total += samples
        self.words.extend(placed)
        return placed

    def truncate(self, total: int) -> None:
        """There is nothing to play after `total`."""
        self.total = min(self.total, total)
        self.words = [word for word in self.words if word.end_sample <= self.total]

    def run(self, position: int, now_ms: int) -> None:
        """Play from `position` on."""
        self._anchor(min(position, self.total), now_ms)
        self._reported, self._reports = None, 0
        self._due_ms = now_ms + self._lasts_ms(self.total - self._anchor_position)

    def stop(self, now_ms: int) -> None:
        """Stand still where the playhead is."""
        self._anchor_position = self.position(now_ms)
        self._anchor_ms = None

    def place(self, position: int) -> None:
        """Stand still at `position`."""
        self._anchor_position, self._anchor_ms = min(position, self.total), None
        self._reported, self._reports = None, 0

    def rest(self, sent: int, now_ms: int) -> None:
        """The client is gone, who knows since when: stand still where it surely was.

        That is what it last reported, or else what real time says, but not past what it was sent.
        """
        if self.running:
            heard = min(self.position(now_ms), sent) if self._reported is None else self._reported
            self._anchor_position, self._anchor_ms = heard, None

    def report(self, played_ms: int, now_ms: int) -> None:
        """The client says how far it has played. It knows better, running or not."""
        self._anchor_position = max(0, min(ms_to_samples(played_ms, self.rate_hz), self.total))
        self._reported, self._last_report_ms = self._anchor_position, now_ms
        self._reports += 1
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
        return self._anchor_ms + self._lasts_ms(self.total - self._anchor_position)

    def believed_at_ms(self) -> int | None:
        """When not to wait any longer: later where regular reports ceased, for the client may be gone."""
        finished_ms = self.finished_at_ms()
        if finished_ms is None or self._reports < REGULAR_REPORTS:
            return finished_ms
        ceased = finished_ms - self._last_report_ms > REPORTS_CEASE_MS
        return min(finished_ms + (PATIENCE_MS if ceased else 0), self._due_ms + PATIENCE_MS)

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

    def _lasts_ms(self, samples: int) -> int:
        return -(-samples * 1000 // self.rate_hz)

    def _anchor(self, position: int, now_ms: int) -> None:
        self._anchor_position, self._anchor_ms = position, now_ms
