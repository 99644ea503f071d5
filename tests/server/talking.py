"""Conversations as a person has them: a recording into the microphone, ears at the loudspeaker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from voice_server.audio.pcm import Pcm, to_float
from voice_server.audio.rates import INPUT_HZ
from voice_server.audio.resampling import resample
from voice_server.client.call import Call, Recording
from voice_server.client.script import BargeIn, Send, UntilAnswered
from voice_server.client.track import Track
from voice_server.client.voice_client import VoiceClient

IDLE_MS = 300
PLANETS = (
    "The first planet is Mercury. The second planet is Venus. The third planet is our Earth. "
    "The fourth planet is Mars. The fifth planet is Jupiter."
)
"""An answer long enough to be spoken over."""


async def talk(url: str, sound: Pcm, barge_in: BargeIn | None = None, **config: Any) -> Recording:
    """Say this, and listen to the answer; with `barge_in`, speak over it."""
    return await _hold(url, UntilAnswered(barge_in, idle_ms=IDLE_MS), sound, config)


async def write(url: str, text: str, *, idle_ms: int = IDLE_MS, **config: Any) -> Recording:
    """Type this, and listen to the answer, until it is quiet for so long."""
    typed = Send("user.text", (("text", text),))
    return await _hold(url, UntilAnswered(idle_ms=idle_ms, opening=(typed,)), np.zeros(0, np.int16), config)


async def _hold(url: str, script: UntilAnswered, sound: Pcm, config: dict[str, Any]) -> Recording:
    track = Track(INPUT_HZ)
    track.lay(sound)
    async with VoiceClient.connect(url) as client:
        call = Call(client, script, track, config)
        await call.hold()
        return call.recording()


def messages(recording: Recording, *types: str) -> list[dict[str, Any]]:
    """What the server sent of these types."""
    return [dict(entry.message) for entry in recording.log.received(*types)]


def sound_of(recording: Recording, response: int) -> Pcm:
    """What the loudspeaker played of this response."""
    pieces = [s.samples for s in recording.loudspeaker.segments if s.response == response]
    return np.concatenate([np.zeros(0, np.int16), *pieces])


class Ears:
    """A second transcriber: faster-whisper as its authors run it, on thirty seconds, by beam search."""

    def __init__(self, model_dir: Path) -> None:
        self._model: Any = WhisperModel(str(model_dir), device="cpu", compute_type="int8", cpu_threads=2)

    def hear(self, samples: Pcm, rate_hz: int) -> str:
        """The words in it."""
        sound = to_float(resample(samples, rate_hz, INPUT_HZ))
        segments, _ = self._model.transcribe(sound, language="en", condition_on_previous_text=False)
        return " ".join(segment.text.strip() for segment in segments)
