"""What every transcriber keeps to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from voice_server.adapters.scripted_listening import ScriptedTranscriber
from voice_server.adapters.stt_whisper import WhisperTranscriber
from voice_server.audio.pcm import Pcm
from voice_server.ports import Hypothesis, Transcriber, Workers


@pytest.fixture(scope="module", params=["scripted", pytest.param("whisper", marks=pytest.mark.models)])
def transcriber(request: pytest.FixtureRequest, workers: Workers) -> Transcriber:
    if request.param == "scripted":
        return ScriptedTranscriber()
    models_dir: Path = request.getfixturevalue("models_dir")
    return WhisperTranscriber(models_dir / "whisper-tiny.en", workers)


@pytest.fixture(scope="module")
def speech(sound: Callable[[str], Pcm]) -> Pcm:
    return sound("speech/cmd_date.wav")


async def _transcribed(transcriber: Transcriber, samples: Pcm, *, final: bool = True) -> Hypothesis:
    return await transcriber.transcribe(samples, deadline_ms=0, language="en", final=final)


@pytest.mark.parametrize("final", [True, False])
async def test_speech_has_words(transcriber: Transcriber, speech: Pcm, final: bool) -> None:
    hypothesis = await _transcribed(transcriber, speech, final=final)
    assert hypothesis.text
    assert hypothesis.text == hypothesis.text.strip()
    assert -2 < hypothesis.avg_logprob <= 0
    assert 0 <= hypothesis.no_speech_prob < 0.6


@pytest.mark.parametrize("samples", [0, 1, 320, 1_599])
async def test_less_than_100_ms_is_nothing(transcriber: Transcriber, speech: Pcm, samples: int) -> None:
    hypothesis = await _transcribed(transcriber, speech[16_000 : 16_000 + samples])
    assert hypothesis == Hypothesis(text="", avg_logprob=0.0, no_speech_prob=1.0)


async def test_any_length_is_taken(transcriber: Transcriber, speech: Pcm) -> None:
    minute = np.resize(speech, 60 * 16_000)
    assert (await _transcribed(transcriber, minute)).text
    assert 0 <= (await _transcribed(transcriber, minute[:1_600])).no_speech_prob <= 1


async def test_calls_may_overlap(transcriber: Transcriber, speech: Pcm) -> None:
    alone = await _transcribed(transcriber, speech)
    together = await asyncio.gather(*(_transcribed(transcriber, speech) for _ in range(3)))
    assert [hypothesis.text for hypothesis in together] == [alone.text] * 3


async def test_the_sound_is_left_as_it_was(transcriber: Transcriber, speech: Pcm) -> None:
    mine = speech.copy()
    await _transcribed(transcriber, mine)
    np.testing.assert_array_equal(mine, speech)


async def test_an_abandoned_call_harms_no_other(transcriber: Transcriber, speech: Pcm) -> None:
    abandoned = asyncio.ensure_future(_transcribed(transcriber, speech))
    await asyncio.sleep(0)
    abandoned.cancel()
    assert (await _transcribed(transcriber, speech)).text
