"""The gate: WebRTC's voice activity detector. About 2 µs a frame, and it opens at many noises too."""

from __future__ import annotations

import webrtcvad

from voice_server.audio.pcm import Pcm, to_bytes
from voice_server.audio.rates import INPUT_HZ, frame_samples
from voice_server.errors import ConfigurationError, ModelError

MAX_AGGRESSIVENESS = 3


class WebrtcGate:
    """Fits `ports.VoiceDetector`. `aggressiveness` 0 lets most through, 3 least.

    On our recordings 3 opens in time for every utterance, and spares the judge most.
    """

    def __init__(self, aggressiveness: int = MAX_AGGRESSIVENESS) -> None:
        if not 0 <= aggressiveness <= MAX_AGGRESSIVENESS:
            raise ConfigurationError(f"aggressiveness is 0 to {MAX_AGGRESSIVENESS}, not {aggressiveness}")
        self._aggressiveness = aggressiveness

    def open(self) -> WebrtcStream:
        """A new stream, which has heard nothing."""
        return WebrtcStream(self._aggressiveness)


class WebrtcStream:
    """One session's gate. It never waits, and its answer is 0 or 1."""

    def __init__(self, aggressiveness: int) -> None:
        self._aggressiveness = aggressiveness
        self.reset()

    async def push(self, frame: Pcm) -> float:
        """Whether this 20 ms frame, shape (320,), 16 kHz, is speech. Raises ModelError on another length."""
        if len(frame) != frame_samples(INPUT_HZ):
            raise ModelError(f"webrtcvad: a frame is {frame_samples(INPUT_HZ)} samples, not {len(frame)}")
        return float(self._detector.is_speech(to_bytes(frame), INPUT_HZ))

    def skip(self, frame: Pcm) -> None:
        """The gate is cheap, and has no use for a frame that it is not asked about."""

    def reset(self) -> None:
        """Forget the background noise it has learnt."""
        self._detector = webrtcvad.Vad(self._aggressiveness)
