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


def trimmed_span(samples: Pcm, rate_hz: int, pause_ms: int) -> tuple[int, int]:
    """The span to keep: 10 ms before the sound, the sound, and at most `pause_ms` of the silence after it."""
    first, last = audible_span(samples)
    if first == last:
        return 0, 0
    start = max(0, first - ms_to_samples(LEAD_IN_MS, rate_hz))
    return start, min(len(samples), last + ms_to_samples(pause_ms, rate_hz))
