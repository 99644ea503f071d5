"""Sound that says when it is: each sample holds the millisecond of the input clock that it belongs to.

The models of a replay from memory need no sound, but to know which span they are asked about.
"""

from __future__ import annotations

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ

SAMPLES_PER_MS = INPUT_HZ // 1000
PERIOD_MS = 32_000
"""The input buffer holds no more."""


class Ruler:
    """Makes such sound, and reads it."""

    def __init__(self) -> None:
        self.end_ms = 0
        """How much was made."""

    def more(self, ms: int) -> Pcm:
        """The next `ms`, at 16 kHz."""
        times = (np.arange(self.end_ms, self.end_ms + ms) % PERIOD_MS).astype(np.int16)
        self.end_ms += ms
        return np.repeat(times, SAMPLES_PER_MS)

    def span(self, samples: Pcm) -> tuple[int, int]:
        """Start and end of the newest span that looks like this."""
        if not len(samples):
            return self.end_ms, self.end_ms
        past_ms = (self.end_ms - 1 - int(samples[-1])) % PERIOD_MS
        end_ms = self.end_ms - past_ms
        return end_ms - len(samples) // SAMPLES_PER_MS, end_ms
