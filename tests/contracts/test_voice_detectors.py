"""What every voice detector keeps to: the gate, the judge, and the one that follows a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from voice_server.adapters.scripted_listening import ScriptedVoiceDetector
from voice_server.adapters.vad_silero import SileroJudge
from voice_server.adapters.vad_webrtc import WebrtcGate
from voice_server.audio.pcm import Pcm
from voice_server.errors import ModelError
from voice_server.ports import VoiceDetector, VoiceStream, Workers

SILENCE = np.zeros(320, np.int16)


@pytest.fixture(params=["scripted", "webrtc", pytest.param("silero", marks=pytest.mark.models)])
def detector(request: pytest.FixtureRequest, workers: Workers) -> VoiceDetector:
    match request.param:
        case "webrtc":
            return WebrtcGate()
        case "silero":
            return SileroJudge(workers)
    return ScriptedVoiceDetector()


@pytest.fixture(scope="module")
def frames(sound: Callable[[str], Pcm]) -> list[Pcm]:
    """The 20 ms frames of an utterance that begins after 0.5 s."""
    samples = sound("speech/cmd_date.wav")
    return [samples[i : i + 320] for i in range(0, len(samples) - 319, 320)]


async def _pushed(stream: VoiceStream, frames: Iterable[Pcm]) -> list[float]:
    return [await stream.push(frame) for frame in frames]


async def test_every_answer_is_a_probability(detector: VoiceDetector, frames: list[Pcm]) -> None:
    assert all(0 <= p <= 1 for p in await _pushed(detector.open(), frames))


async def test_speech_is_heard_and_silence_is_not(detector: VoiceDetector, frames: list[Pcm]) -> None:
    assert max(await _pushed(detector.open(), [SILENCE] * 50)) < 0.5
    assert max(await _pushed(detector.open(), frames)) > 0.5


async def test_speech_is_heard_after_frames_were_skipped(detector: VoiceDetector, frames: list[Pcm]) -> None:
    stream = detector.open()
    for frame in frames[:25]:
        stream.skip(frame)
    assert max(await _pushed(stream, frames[25:])) > 0.5


async def test_streams_do_not_hear_each_other(detector: VoiceDetector, frames: list[Pcm]) -> None:
    alone = await _pushed(detector.open(), frames)
    one, other = detector.open(), detector.open()
    together = []
    for frame in frames:
        together.append(await one.push(frame))
        await other.push(SILENCE)
    assert together == alone


async def test_after_a_reset_a_stream_is_as_new(detector: VoiceDetector, frames: list[Pcm]) -> None:
    stream = detector.open()
    first = await _pushed(stream, frames)
    stream.reset()
    assert await _pushed(stream, frames) == first


@pytest.mark.parametrize("samples", [0, 319, 321])
async def test_a_frame_of_another_length_is_refused(detector: VoiceDetector, samples: int) -> None:
    with pytest.raises(ModelError):
        await detector.open().push(np.zeros(samples, np.int16))
