"""From what the client sends to frames of 20 ms at 16 kHz."""

from __future__ import annotations

from voice_server.audio.framing import Framer
from voice_server.audio.pcm import Pcm, from_bytes, to_bytes
from voice_server.audio.rates import INPUT_HZ
from voice_server.audio.resampling import Resampler


class Intake:
    """One session's input at `rate_hz`."""

    def __init__(self, rate_hz: int) -> None:
        self._framer = Framer(INPUT_HZ)
        self._resampler = None if rate_hz == INPUT_HZ else Resampler(rate_hz, INPUT_HZ)

    def push(self, pcm: bytes) -> list[Pcm]:
        """s16le bytes in; whole frames, shape (320,), out. What is left waits for the next call."""
        if self._resampler:
            pcm = to_bytes(self._resampler.push(from_bytes(pcm)))
        return self._framer.push(pcm)
