"""One loudness for every piece, whatever the model made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVEL_DBFS = -18.0
"""Of the sounding parts, as root mean square: usual for speech, with room for its peaks."""
PEAK = 0.95
"""Never exceeded: resampling afterwards may overshoot a little."""
GATE_DBFS = -40.0
"""Softer samples are pauses and do not count."""


def levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples in [-1, 1], any level, at `LEVEL_DBFS`, or softer where a peak would pass `PEAK`.

    The gate is relative to the loudest sample. Silence stays as it is.
    """
    peak = float(np.max(np.abs(samples), initial=0.0))
    if peak == 0:
        return samples
    sounding = samples[np.abs(samples) > peak * 10 ** (GATE_DBFS / 20)]
    level = float(np.sqrt(np.mean(np.square(sounding, dtype=np.float64))))
    gain = min(10 ** (LEVEL_DBFS / 20) / level, PEAK / peak)
    return samples * np.float32(gain)
