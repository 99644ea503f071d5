"""G.711: 8-bit companded sound, 8000 Hz, as telephones send it (ITU-T Recommendation G.711, 1988).

µ-law keeps 14 bits of range, A-law 13; both are scaled to 16 bits here, as usual. Decoding and encoding are
table look-ups: the tables are computed once from the recommendation's segments.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voice_server.audio.pcm import Pcm

RATE_HZ = 8_000

Law = Literal["ulaw", "alaw"]

_ULAW_BIAS = 0x84
_ULAW_CLIP = 0x7FFF - _ULAW_BIAS
_EVEN_BITS = 0x55
"""A-law inverts every other bit before transmission, so that silence is not a row of zeros."""


def decode(data: bytes, law: Law) -> Pcm:
    """One byte a sample → samples, shape (len(data),)."""
    return _decoded(law)[np.frombuffer(data, np.uint8)]


def encode(samples: Pcm, law: Law) -> bytes:
    """Samples → one byte each. What is louder than the law can say is clipped."""
    return _encoded(law)[samples.astype(np.int32) + 0x8000].tobytes()


@cache
def _decoded(law: Law) -> Pcm:
    """Shape (256,): the sample of each byte."""
    bytes_ = np.arange(256)
    if law == "ulaw":
        code = bytes_ ^ 0xFF
        magnitude = ((((code & 0xF) << 3) + _ULAW_BIAS) << (code >> 4 & 7)) - _ULAW_BIAS
        return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)
    code = bytes_ ^ _EVEN_BITS
    segment, step = code >> 4 & 7, (code & 0xF) << 4
    magnitude = np.where(segment == 0, step + 0x8, (step + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


@cache
def _encoded(law: Law) -> NDArray[np.uint8]:
    """Shape (65536,): the byte of each sample, from -32768 on."""
    samples = np.arange(-0x8000, 0x8000)
    if law == "ulaw":
        magnitude = np.minimum(np.abs(samples), _ULAW_CLIP) + _ULAW_BIAS
        segment = _bits(magnitude >> 8)
        code = segment << 4 | (magnitude >> (segment + 3)) & 0xF
        return ((code | np.where(samples < 0, 0x80, 0)) ^ 0xFF).astype(np.uint8)
    magnitude = np.where(samples < 0, ~samples, samples) >> 3
    segment = _bits(magnitude >> 5)
    code = segment << 4 | (magnitude >> np.maximum(segment, 1)) & 0xF
    return ((code | np.where(samples < 0, 0, 0x80)) ^ _EVEN_BITS).astype(np.uint8)


def _bits(values: NDArray[np.int_]) -> NDArray[np.int_]:
    """How many binary digits each value has."""
    digits: NDArray[np.int_] = np.sum(values[:, None] >> np.arange(8) > 0, axis=1)
    return digits
