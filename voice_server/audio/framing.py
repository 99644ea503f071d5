"""Cutting what arrives into frames of 20 ms."""

from __future__ import annotations

from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.audio.rates import BYTES_PER_SAMPLE, FRAME_MS, MAX_INPUT_CHUNK_MS, frame_bytes


def check_chunk(data: bytes, rate_hz: int) -> None:
    """Raises ValueError, saying what was expected, unless `data` is whole samples of at most 200 ms."""
    if len(data) % BYTES_PER_SAMPLE:
        raise ValueError(
            f"{len(data)} bytes of audio are not whole 16-bit samples: expected an even number, "
            f"{frame_bytes(rate_hz)} for {FRAME_MS} ms at {rate_hz} Hz"
        )
    limit = frame_bytes(rate_hz) * MAX_INPUT_CHUNK_MS // FRAME_MS
    if len(data) > limit:
        raise ValueError(
            f"{len(data)} bytes of audio at once: expected at most {limit}, "
            f"which is {MAX_INPUT_CHUNK_MS} ms at {rate_hz} Hz"
        )


class Framer:
    """Cuts one stream of s16le chunks into frames; what is left over begins the next frame."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._rest = b""

    def push(self, data: bytes) -> list[Pcm]:
        """A chunk of up to 200 ms → whole frames, each of shape (rate_hz / 50,).

        Raises ValueError as `check_chunk` does, and then nothing of the chunk is kept.
        """
        check_chunk(data, self._rate_hz)
        size = frame_bytes(self._rate_hz)
        data = self._rest + data
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        return [from_bytes(data[start : start + size]) for start in range(0, whole, size)]
