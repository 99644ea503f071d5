"""Cutting what arrives into frames of 20 ms."""

from __future__ import annotations

from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.audio.rates import frame_bytes


class Framer:
    """Cuts one stream of s16le chunks into frames; what is left over begins the next frame."""

    def __init__(self, rate_hz: int) -> None:
        self._size = frame_bytes(rate_hz)
        self._rest = b""

    def push(self, data: bytes) -> list[Pcm]:
        """A chunk of any length → whole frames, each of shape (rate_hz / 50,)."""
        size, data = self._size, self._rest + data
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        return [from_bytes(data[start : start + size]) for start in range(0, whole, size)]
