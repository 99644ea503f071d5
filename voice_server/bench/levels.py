"""Where a recording is loud: the beginnings and ends that need no manifest. Pure."""

from __future__ import annotations

import numpy as np

from voice_server.audio.pcm import FULL_SCALE, Pcm

HOP_MS = 10
FLOOR_DBFS = -50.0
"""Nothing under this counts as loud."""
RANGE_DB = 30.0
"""Nothing so far under the loudest part counts as loud."""
MERGE_MS = 200

Span = tuple[float, float]
"""Begin and end, in ms."""


def loud_spans(samples: Pcm, rate_hz: int, merge_ms: float = MERGE_MS) -> list[Span]:
    """Where the level of 10 ms windows is within 30 dB of the loudest; shorter gaps are closed."""
    levels = _levels_dbfs(samples, rate_hz)
    if not len(levels):
        return []
    threshold = max(FLOOR_DBFS, float(levels.max()) - RANGE_DB)
    spans: list[Span] = []
    for index in np.flatnonzero(levels > threshold):
        begin, end = float(index * HOP_MS), float((index + 1) * HOP_MS)
        if spans and begin - spans[-1][1] < merge_ms:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    return spans


def _levels_dbfs(samples: Pcm, rate_hz: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """RMS level of each whole 10 ms window, in dB relative to full scale."""
    hop = rate_hz * HOP_MS // 1000
    windows = samples[: len(samples) // hop * hop].astype(np.float64).reshape(-1, hop) / FULL_SCALE
    power = np.maximum(np.mean(windows**2, axis=1), 1e-12)
    return np.asarray(10 * np.log10(power))
