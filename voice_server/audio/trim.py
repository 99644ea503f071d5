"""Where the sound in a piece begins and ends."""

from __future__ import annotations

import numpy as np

from voice_server.audio.pcm import FULL_SCALE, Pcm
from voice_server.audio.rates import ms_to_samples

AUDIBLE_DBFS = -45.0
"""Synthesised silence lies near -60 dB, the softest consonants near -40 dB (measured on Piper's joe)."""
LEAD_IN_MS = 10
"""Kept before the first audible sample, so that a soft onset is not cut."""


def audible_span(samples: Pcm, threshold_dbfs: float = AUDIBLE_DBFS) -> tuple[int, int]:
    """From the first sample above the threshold to after the last; (0, 0) if none is."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > FULL_SCALE * 10 ** (threshold_dbfs / 20))
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)


class Trimming:
    """Trims a sound that comes in pieces. What may yet be its end is kept back until more sound follows."""

    def __init__(self, rate_hz: int) -> None:
        self._lead_in_samples = ms_to_samples(LEAD_IN_MS, rate_hz)
        self._rate_hz = rate_hz
        self._kept_back: Pcm = np.zeros(0, np.int16)
        self._begun = False
        self.skipped_samples = 0
        """Silence that was cut from the head."""

    def push(self, samples: Pcm) -> Pcm:
        """The next piece; returns what can be played by now, which ends in sound."""
        pending = np.concatenate([self._kept_back, samples])
        first, last = audible_span(pending)
        if not self._begun and first < last:
            self._begun = True
            self.skipped_samples = max(0, first - self._lead_in_samples)
            pending, last = pending[self.skipped_samples :], last - self.skipped_samples
        self._kept_back = pending[last:]
        return pending[:last]

    def finish(self, pause_ms: int) -> Pcm:
        """The sound is over: at most `pause_ms` of the silence after it; nothing where there was no sound."""
        return self._kept_back[: ms_to_samples(pause_ms, self._rate_hz) if self._begun else 0]
