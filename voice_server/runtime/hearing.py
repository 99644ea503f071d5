"""From frames to "speech started", "speech faded" and "speech stopped".

The gate hears every frame; the judge is asked while the gate has been open lately or speech is going on.
Speech starts with the first window that the judge is sure of, fades as soon as it is less so, and stops
after a short silence: all are cheap to take back, so none waits for certainty. A detector that fails is not
believed: a gate counts as open, a judge as hearing nothing, so that a turn comes to its end all the same.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import FRAME_MS
from voice_server.core.events import SpeechFaded, SpeechStarted, SpeechStopped
from voice_server.errors import ModelError
from voice_server.ports import VoiceDetector, VoiceStream

logger = logging.getLogger(__name__)

Sign = SpeechStarted | SpeechFaded | SpeechStopped


@dataclass(frozen=True, slots=True)
class HearingPolicy:
    """The hysteresis. Probabilities are the judge's."""

    start_probability: float = 0.5
    fade_probability: float = 0.65
    """Above it is speech for sure. Its end falls below it 50 ms before it falls below the next."""
    stop_probability: float = 0.35
    stop_silence_ms: int = 100
    gate_hold_ms: int = 2_500
    """The judge goes on listening so long after the gate's last frame of speech: all through what may be a
    pause, as the gate is deaf to soft words. A judge that begins anew also takes more noises for speech."""
    onset_lead_ms: int = 40
    """How long before the judge's first sure answer speech began: its window and the frame that filled it."""


class Hearing:
    """One session's ear. Not for overlapping calls."""

    def __init__(self, gate: VoiceDetector, judge: VoiceDetector, policy: HearingPolicy) -> None:
        self._gate = gate.open()
        self._judge = judge.open()
        self._policy = policy
        self._gate_open_until_ms = 0
        self._speaking = False
        self._faded = False
        self._last_voice_ms = 0  # above the lower threshold
        self._last_sure_ms = 0  # above the higher
        self._complained = False
        self.heard_ms = 0

    async def hear(self, frame: Pcm) -> Sign | None:
        """Listen to the next 20 ms, shape (320,), 16 kHz."""
        self.heard_ms += FRAME_MS
        if await self._pushed(self._gate, frame, otherwise=1.0) >= 0.5:
            self._gate_open_until_ms = self.heard_ms + self._policy.gate_hold_ms
        if not self._speaking and self.heard_ms > self._gate_open_until_ms:
            self._judge.skip(frame)
            return None
        return self._weigh(await self._pushed(self._judge, frame, otherwise=0.0))

    def break_off(self) -> None:
        """The sound ends here; what comes next has nothing to do with it."""
        self._speaking = self._faded = False
        self._gate_open_until_ms = 0
        self._gate.reset()
        self._judge.reset()

    async def _pushed(self, stream: VoiceStream, frame: Pcm, *, otherwise: float) -> float:
        try:
            return await stream.push(frame)
        except ModelError as error:
            if not self._complained:
                logger.warning("a voice detector failed, and may go on failing: %s", error)
            self._complained = True
            return otherwise

    def _weigh(self, probability: float) -> Sign | None:
        if not self._speaking:
            return self._start() if probability >= self._policy.start_probability else None
        if probability >= self._policy.stop_probability:
            self._last_voice_ms = self.heard_ms
        if probability >= self._policy.fade_probability:
            self._last_sure_ms, self._faded = self.heard_ms, False
            return None
        return self._quieter(probability)

    def _quieter(self, probability: float) -> SpeechFaded | SpeechStopped | None:
        end_ms = max(self._last_sure_ms, self._last_voice_ms - self._policy.stop_silence_ms)
        silent = probability < self._policy.stop_probability
        if silent and self.heard_ms - end_ms >= self._policy.stop_silence_ms:
            self._speaking = False
            return SpeechStopped(end_ms, self.heard_ms)
        if self._faded:
            return None
        self._faded = True
        return SpeechFaded(end_ms, self.heard_ms)

    def _start(self) -> SpeechStarted:
        self._speaking, self._faded = True, False
        self._last_voice_ms = self._last_sure_ms = self.heard_ms
        return SpeechStarted(max(0, self.heard_ms - self._policy.onset_lead_ms), self.heard_ms)
