"""One loudness for every piece, whatever the model made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVEL_DBFS = -18.0
"""Of the sounding parts, as root mean square: usual for speech, with room for its peaks."""
PEAK = 0.95
"""Never exceeded: resampling afterwards may overshoot a little."""
KNEE = 0.7
"""Softer samples stay as they are."""
GATE_DBFS = -40.0
"""Softer samples are pauses and do not count."""


def levelling_gain(samples: NDArray[np.float32]) -> np.float32:
    """What brings these samples, in [-1, 1] and at any level, to `LEVEL_DBFS`; 1 for silence.

    The gate is relative to the loudest sample.
    """
    peak = float(np.max(np.abs(samples), initial=0.0))
    if peak == 0:
        return np.float32(1)
    sounding = samples[np.abs(samples) > peak * 10 ** (GATE_DBFS / 20)]
    level = float(np.sqrt(np.mean(np.square(sounding, dtype=np.float64))))
    return np.float32(10 ** (LEVEL_DBFS / 20) / level)


def limited(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples, with what passes `KNEE` bent so that nothing passes `PEAK`."""
    size, room = np.abs(samples), np.float32(PEAK - KNEE)
    bent = KNEE + room * np.tanh((size - KNEE) / room)
    return np.where(size > KNEE, np.copysign(bent, samples), samples).astype(np.float32)
