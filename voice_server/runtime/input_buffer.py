"""The sound of the last half minute, addressed by the input clock."""

from __future__ import annotations

from collections import deque

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import FRAME_MS, INPUT_HZ, ms_to_samples

CAPACITY_MS = 32_000
"""A turn at its longest (25 s) with what comes before and after it."""


class InputBuffer:
    """Frames of 20 ms at 16 kHz; the oldest fall out."""

    def __init__(self) -> None:
        self._frames: deque[Pcm] = deque(maxlen=CAPACITY_MS // FRAME_MS)
        self.end_ms = 0

    def append(self, frame: Pcm) -> None:
        """The next 20 ms, shape (320,)."""
        self._frames.append(frame)
        self.end_ms += FRAME_MS

    def span(self, start_ms: int, end_ms: int) -> Pcm:
        """The sound from `start_ms` to `end_ms`, as far as it is there; shape (n,)."""
        first_ms = self.end_ms - len(self._frames) * FRAME_MS
        start_ms, end_ms = max(start_ms, first_ms), min(end_ms, self.end_ms)
        if start_ms >= end_ms:
            return np.zeros(0, np.int16)
        first, last = (start_ms - first_ms) // FRAME_MS, -(-(end_ms - first_ms) // FRAME_MS)
        sound = np.concatenate([self._frames[i] for i in range(first, last)])
        skip_ms = start_ms - first_ms - first * FRAME_MS
        skip, length = ms_to_samples(skip_ms, INPUT_HZ), ms_to_samples(end_ms - start_ms, INPUT_HZ)
        return sound[skip : skip + length]
