"""What the microphone hears: recordings laid over quiet, cut into frames. Pure; positions are samples."""

from __future__ import annotations

import numpy as np

from voice_server.audio.pcm import FULL_SCALE, Pcm
from voice_server.audio.rates import frame_samples

INT16 = np.iinfo(np.int16)


class Track:
    """An endless sound: silence, or low noise, with recordings mixed in.

    `noise_dbfs` is the level of the noise (white, the same for the same `seed`); None is digital silence.
    """

    def __init__(self, rate_hz: int, *, noise_dbfs: float | None = None, seed: int = 0) -> None:
        self.rate_hz = rate_hz
        self.frame_samples = frame_samples(rate_hz)
        self.end = 0
        """The first sample after the last recording."""
        self._noise_rms = 0.0 if noise_dbfs is None else FULL_SCALE * 10 ** (noise_dbfs / 20)
        self._seed = seed
        self._laid: list[tuple[int, Pcm]] = []

    def lay(self, samples: Pcm, at: int = 0) -> None:
        """Mix in a recording, from sample `at` on. What has left the microphone already stays as it was."""
        self._laid.append((at, samples))
        self.end = max(self.end, at + len(samples))

    def frame(self, index: int) -> Pcm:
        """The 20 ms from sample `index * frame_samples` on; clipped where recordings add up to more."""
        begin = index * self.frame_samples
        sound = self._quiet(index)
        for at, samples in self._laid:
            _add(sound, samples, at - begin)
        return np.clip(sound, INT16.min, INT16.max).astype(np.int16)

    def render(self, frames: int) -> Pcm:
        """The first `frames` frames, joined."""
        return np.concatenate([self.frame(index) for index in range(frames)] or [np.zeros(0, np.int16)])

    def _quiet(self, index: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        if not self._noise_rms:
            return np.zeros(self.frame_samples, np.int32)
        generator = np.random.default_rng((self._seed, index))
        return np.rint(generator.normal(0.0, self._noise_rms, self.frame_samples)).astype(np.int32)


def _add(sound: np.ndarray[tuple[int], np.dtype[np.int32]], samples: Pcm, offset: int) -> None:
    """Add the part of `samples` (its first at `offset`) that falls into `sound`."""
    begin, end = max(0, offset), min(len(sound), offset + len(samples))
    if begin < end:
        sound[begin:end] += samples[begin - offset : end - offset]
