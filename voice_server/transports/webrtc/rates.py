"""Between the rates of a session and the 48 kHz of Opus over RTP."""

from __future__ import annotations

from voice_server.audio.pcm import from_bytes, to_bytes
from voice_server.audio.resampling import Resampler
from voice_server.ports import AudioFrame
from voice_server.transports.webrtc.libopus import RATE_HZ


class FromCall:
    """What is heard on a call, at a session's input rate."""

    def __init__(self, rate_hz: int) -> None:
        self._resampler = None if rate_hz == RATE_HZ else Resampler(RATE_HZ, rate_hz)

    def push(self, pcm: bytes) -> bytes:
        """s16le at 48 kHz in, s16le at the session's rate out."""
        return to_bytes(self._resampler.push(from_bytes(pcm))) if self._resampler else pcm


class ToCall:
    """A session's frames, at 48 kHz: also their positions."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = Resampler(rate_hz, RATE_HZ)
        self._expected: tuple[int, int] | None = None  # response and position, if the next frame goes on
        self._position = 0

    def frame(self, frame: AudioFrame) -> AudioFrame:
        """The same sound. Where a frame does not follow the one before, it begins anew."""
        if self._rate_hz == RATE_HZ:
            return frame
        if (frame.response, frame.position) != self._expected:
            self._resampler.flush()
            self._position = frame.position * RATE_HZ // self._rate_hz
        self._expected = frame.response, frame.position + len(frame.pcm) // 2
        pcm = to_bytes(self._resampler.push(from_bytes(frame.pcm)))
        if frame.last:
            pcm += to_bytes(self._resampler.flush())
        position, self._position = self._position, self._position + len(pcm) // 2
        return AudioFrame(frame.response, position, frame.last, pcm)
