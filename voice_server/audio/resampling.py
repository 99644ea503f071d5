"""From one sample rate to another: a stream with little delay, or a whole piece at once.

A stream that is listened to live may not wait. soxr's stream gives its output in bursts, 20 to 110 ms late
for frames of 20 ms (measured, 48 and 8 kHz to 16 kHz), which is the whole time in which a barge-in is to be
heard. The polyphase filter here is 1.5 ms late at 48 kHz and 3 ms at 8 kHz.
"""

from __future__ import annotations

from math import gcd

import numpy as np
import soxr
from numpy.typing import NDArray

from voice_server.audio.pcm import Pcm, from_float, to_float

ZERO_CROSSINGS = 24
"""Of the windowed sinc, on each side: more is steeper and later."""
KAISER_BETA = 7.9
"""80 dB of attenuation (Kaiser's formula, 0.1102 (A - 8.7)): below the noise of any microphone."""
PASSED = 0.92
"""Where the filter is at half its height, as a share of half the lower rate: 7.4 kHz of 8."""


def resample(samples: Pcm, from_hz: int, to_hz: int) -> Pcm:
    """A whole piece, shape (n,), at another rate: n · to_hz / from_hz samples, give or take one."""
    if from_hz == to_hz or len(samples) == 0:
        return samples
    resampled: NDArray[np.float32] = soxr.resample(to_float(samples), from_hz, to_hz)
    return from_float(resampled)


class Resampler:
    """One stream from `from_hz` to `to_hz`. Output sample k sounds at the time k / to_hz of the input.

    Polyphase interpolation with a Kaiser-windowed sinc (Crochiere and Rabiner, Multirate Digital Signal
    Processing, 1983): each output sample is one dot product with the filter phase that falls on it.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        divisor = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // divisor, from_hz // divisor
        self._bank = _filter_bank(self._up, self._down)
        self._half = self._bank.shape[1] // 2
        self._input = _silence(self._half - 1)  # came before
        self._start = 1 - self._half  # index in the stream of self._input[0]
        self._received = 0
        self._made = 0

    def push(self, samples: Pcm) -> Pcm:
        """The next samples in; what can be said of the output so far, out. May be empty."""
        self._input = np.concatenate((self._input, to_float(samples)))
        self._received += len(samples)
        return self._up_to(-(-max(0, self._received - self._half) * self._up // self._down))

    def flush(self) -> Pcm:
        """The rest, as if silence followed: ceil(n · to_hz / from_hz) samples in all. Then begins anew."""
        self._input = np.concatenate((self._input, _silence(self._half + 1)))
        rest = self._up_to(-(-self._received * self._up // self._down))
        self._input, self._start = _silence(self._half - 1), 1 - self._half
        self._received = self._made = 0
        return rest

    def _up_to(self, made: int) -> Pcm:
        """The output from where it stands to before sample `made`."""
        if made <= self._made:
            return np.zeros(0, np.int16)
        positions = np.arange(self._made, made) * self._down
        firsts = positions // self._up - (self._half - 1) - self._start
        windows = np.lib.stride_tricks.sliding_window_view(self._input, 2 * self._half)
        output = np.einsum("nt,nt->n", windows[firsts], self._bank[positions % self._up])
        self._made = made
        self._forget(made * self._down // self._up - (self._half - 1))
        return from_float(output)

    def _forget(self, before: int) -> None:
        self._input = self._input[before - self._start :]
        self._start = before


def _silence(samples: int) -> NDArray[np.float32]:
    return np.zeros(samples, np.float32)


def _filter_bank(up: int, down: int) -> NDArray[np.float32]:
    """One row for each phase, shape (up, taps): the weights of the input samples around an output sample."""
    cutoff = PASSED * min(1.0, up / down)
    half = int(np.ceil(ZERO_CROSSINGS / min(1.0, up / down)))
    distances = np.arange(up)[:, None] / up - np.arange(1 - half, half + 1)[None, :]
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0, 1 - (distances / half) ** 2))) / np.i0(KAISER_BETA)
    bank = cutoff * np.sinc(cutoff * distances) * window
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), dtype=np.float32)
