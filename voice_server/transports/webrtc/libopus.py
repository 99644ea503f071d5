"""Opus' own decoder (libopus, https://opus-codec.org/docs/opus_api-1.5/group__opus__decoder.html).

FFmpeg's wrapper of it hides what a lossy network needs: each packet of a voice may carry a coarse copy of the
one before (LBRR, RFC 6716, 2.1.7), and where there is none the decoder can go on from what it has heard.
PyAV's wheels carry the library; where PyAV was built from source, the system has it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache
from pathlib import Path

import av
import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.errors import ConfigurationError

RATE_HZ = 48_000
MAX_SAMPLES = 5_760
"""A packet holds at most 120 ms (RFC 6716, 3.2.5)."""


class Decoder:
    """One voice at 48 kHz. Not for overlapping calls."""

    def __init__(self) -> None:
        self._library = library()
        error = ctypes.c_int()
        self._state = ctypes.c_void_p(self._library.opus_decoder_create(RATE_HZ, 1, ctypes.byref(error)))
        if error.value:
            raise MemoryError(f"libopus: error {error.value}")

    def __del__(self) -> None:
        if state := getattr(self, "_state", None):
            self._library.opus_decoder_destroy(state)

    def decode(self, payload: bytes) -> Pcm:
        """The samples of one packet, shape (n,). Raises ValueError for what is no Opus."""
        return self._decoded(payload, MAX_SAMPLES, copy_of_lost=0)

    def recover(self, samples: int, following: bytes) -> Pcm:
        """The end of what was lost, shape (samples,), from the packet that followed it.

        Made up where that has no copy. `samples` are whole 2.5 ms, at most 120 ms. Raises ValueError.
        """
        return self._decoded(following, samples, copy_of_lost=1)

    def make_up(self, samples: int) -> Pcm:
        """What may have been lost, shape (samples,): whole 2.5 ms, at most 120 ms. Fades in a while."""
        return self._decoded(None, samples, copy_of_lost=0)

    def _decoded(self, payload: bytes | None, limit: int, copy_of_lost: int) -> Pcm:
        samples = np.zeros(limit, np.int16)
        into = samples.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        size = len(payload) if payload else 0
        count = self._library.opus_decode(self._state, payload, size, into, limit, copy_of_lost)
        if count < 0:
            raise ValueError(f"libopus: error {count}")
        return samples[:count]


@cache
def library() -> ctypes.CDLL:
    """libopus. Raises ConfigurationError where there is none."""
    package = Path(av.__file__).parent
    carried = [*package.parent.glob("av.libs/*opus*"), *package.glob(".dylibs/*opus*")]
    path = str(carried[0]) if carried else ctypes.util.find_library("opus")
    if path is None:
        raise ConfigurationError(
            "calls need libopus: install PyAV from its wheel, or libopus (Debian: libopus0)"
        )
    found = ctypes.CDLL(path)
    found.opus_decoder_create.restype = ctypes.c_void_p
    found.opus_decode.argtypes = (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int16),
        ctypes.c_int,
        ctypes.c_int,
    )
    return found
