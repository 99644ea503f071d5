"""What to hear where a packet was lost: the voice as it was, fading.

Pitch waveform substitution as in ITU-T G.711 Appendix I: the last pitch period is repeated, at full loudness
for 10 ms, then fading, and silent after 60 ms. Whole silence in the midst of a word costs the transcriber
more, and sounds to the VAD like the end of speech.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voice_server.audio.pcm import Pcm, from_float, to_float
from voice_server.audio.rates import ms_to_samples

MIN_PERIOD_MS, MAX_PERIOD_MS = 5, 15
"""Voices from 66 to 200 Hz; of a higher one, several periods are repeated together."""
WINDOW_MS = 20
"""What is compared with itself, a period earlier. The appendix takes 20 ms too."""
FULL_MS, SILENT_MS = 10, 60
OVERLAP_MS = 4
"""How long the repeated and the real voice are mixed, where the real one comes back."""


class Concealer:
    """One stream at `rate_hz`."""

    def __init__(self, rate_hz: int) -> None:
        self._periods = range(ms_to_samples(MIN_PERIOD_MS, rate_hz), ms_to_samples(MAX_PERIOD_MS, rate_hz))
        self._window = ms_to_samples(WINDOW_MS, rate_hz)
        self._overlap = ms_to_samples(OVERLAP_MS, rate_hz)
        self._full, self._silent = ms_to_samples(FULL_MS, rate_hz), ms_to_samples(SILENT_MS, rate_hz)
        self._past = np.zeros(self._window + self._periods.stop, np.float32)
        self._period: NDArray[np.float32] | None = None  # None: nothing is being made up
        self._made = 0

    def hear(self, samples: Pcm) -> Pcm:
        """The next real samples, shape (n,): as they are, but for the seam after something made up."""
        real = to_float(samples)
        if self._period is not None:
            mixed = min(self._overlap, len(real))
            rising = np.linspace(0, 1, mixed, dtype=np.float32)
            real[:mixed] = rising * real[:mixed] + (1 - rising) * self._repeated(mixed)
            self._period, self._made = None, 0
        self._past = np.concatenate((self._past, real))[-len(self._past) :]
        return from_float(real)

    def fill(self, count: int) -> Pcm:
        """Make up `count` samples that did not come, shape (count,)."""
        if self._period is None:
            self._period = self._past[-self._best_period() :]
        return from_float(self._repeated(count))

    def _best_period(self) -> int:
        """The lag at which the end of the past is most like what came before."""
        end = self._past[-self._window :]
        earlier = self._past[-self._window - self._periods.stop + 1 : -self._periods.start]
        likeness = np.correlate(earlier, end, "valid")
        energy = np.correlate(earlier**2, np.ones_like(end), "valid")
        best = int(np.argmax(likeness / np.sqrt(energy + 1e-9)))
        return self._periods.stop - 1 - best

    def _repeated(self, count: int) -> NDArray[np.float32]:
        assert self._period is not None
        at = np.arange(self._made, self._made + count)
        self._made += count
        loudness = np.clip((self._silent - at) / (self._silent - self._full), 0, 1)
        repeated: NDArray[np.float32] = self._period[at % len(self._period)] * loudness.astype(np.float32)
        return repeated
