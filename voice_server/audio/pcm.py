"""PCM s16le mono: the one format inside the server.

Time is counted in samples here and in integer milliseconds in the core; floats of seconds appear only in
what people read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voice_server.audio.rates import BYTES_PER_SAMPLE

Pcm = NDArray[np.int16]
"""Samples, shape (n,), int16."""

FULL_SCALE = 32768.0


def from_bytes(data: bytes) -> Pcm:
    """s16le bytes → samples. Raises ValueError on an odd length."""
    if len(data) % BYTES_PER_SAMPLE:
        raise ValueError(f"{len(data)} bytes are not a whole number of 16-bit samples")
    return np.frombuffer(data, dtype="<i2")


def to_bytes(samples: Pcm) -> bytes:
    """Samples → s16le bytes."""
    return samples.astype("<i2", copy=False).tobytes()


def to_float(samples: Pcm) -> NDArray[np.float32]:
    """int16 → float32 in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def from_float(samples: NDArray[np.float32]) -> Pcm:
    """float in [-1, 1] → int16, clipped."""
    scaled: Pcm = np.clip(np.rint(samples * (FULL_SCALE - 1)), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return scaled


def first_audible(samples: Pcm, threshold_dbfs: float = -40.0) -> int | None:
    """Index of the first sample above the threshold (dB relative to full scale), or None."""
    loud = np.abs(samples.astype(np.int32)) > FULL_SCALE * 10 ** (threshold_dbfs / 20)
    return int(np.argmax(loud)) if loud.any() else None
