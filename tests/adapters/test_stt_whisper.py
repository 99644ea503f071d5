"""Whisper on our recordings: few words wrong, and hardly a word where nobody speaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice_server.adapters.stt_whisper import WhisperOptions, WhisperTranscriber
from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ
from voice_server.bench.words import normalized, recognized, word_errors
from voice_server.errors import ModelError, ModelFileError
from voice_server.ports import Hypothesis, Workers

pytestmark = pytest.mark.models

Recordings = Callable[..., list[dict[str, Any]]]
Sound = Callable[[str], Pcm]


@pytest.fixture(scope="module")
def model_dir(models_dir: Path) -> Path:
    return models_dir / "whisper-tiny.en"


@pytest.fixture(scope="module")
def whisper(model_dir: Path, workers: Workers) -> WhisperTranscriber:
    return WhisperTranscriber(model_dir, workers)


async def _transcribed(whisper: WhisperTranscriber, samples: Pcm, language: str = "en") -> Hypothesis:
    return await whisper.transcribe(samples, deadline_ms=0, language=language, final=True)


async def test_at_most_one_word_in_sixteen_is_wrong(
    whisper: WhisperTranscriber, recordings: Recordings, sound: Sound
) -> None:
    errors = words = 0
    for row in recordings("speech", "long"):
        hypothesis = await _transcribed(whisper, sound(row["path"]))
        wrong, of = word_errors(row["transcript"], hypothesis.text)
        errors, words = errors + wrong, words + of
    assert words > 600
    assert errors / words < 0.0625


async def test_of_the_noises_hardly_one_has_words(
    whisper: WhisperTranscriber, recordings: Recordings, sound: Sound
) -> None:
    noises = [(await _transcribed(whisper, sound(row["path"]))).text for row in recordings("noise")]
    assert len(noises) == 15
    assert len([text for text in noises if text]) <= 2, noises


async def test_backchannels_have_words(
    whisper: WhisperTranscriber, recordings: Recordings, sound: Sound
) -> None:
    said = [(await _transcribed(whisper, sound(row["path"]))).text for row in recordings("backchannel")]
    assert len([text for text in said if not text]) <= 1, said  # of "mm-hmm" it hears nothing


@pytest.mark.parametrize("seconds", [0.3, 1, 3])
async def test_digital_silence_is_a_guess(whisper: WhisperTranscriber, seconds: float) -> None:
    """Whisper says "you"; the two numbers say not to believe it (openai/whisper: 0.6 and -1.0)."""
    hypothesis = await _transcribed(whisper, np.zeros(int(16_000 * seconds), np.int16))
    assert not hypothesis.text or (hypothesis.no_speech_prob > 0.6 and hypothesis.avg_logprob < -0.6)


async def test_a_loop_is_cut(whisper: WhisperTranscriber, sound: Sound) -> None:
    hypothesis = await _transcribed(whisper, sound("long/four_segments.wav"))
    assert hypothesis.text.lower().count("segment 4") == 1


async def test_of_long_sound_the_last_29_s_are_heard(whisper: WhisperTranscriber, sound: Sound) -> None:
    monologue = sound("long/meeting_monologue.wav")
    heard = np.concatenate([monologue, sound("speech/order_05.wav")])[-29 * 16_000 :]
    long = np.concatenate([sound("long/jfk.wav"), heard])
    assert (await _transcribed(whisper, long)) == (await _transcribed(whisper, heard))


async def test_a_model_for_english_ignores_the_language(whisper: WhisperTranscriber, sound: Sound) -> None:
    samples = sound("speech/cmd_date.wav")
    assert await _transcribed(whisper, samples, "de-AT") == await _transcribed(whisper, samples)


async def test_more_context_and_threads_are_options(model_dir: Path, workers: Workers, sound: Sound) -> None:
    whisper = WhisperTranscriber(model_dir, workers, WhisperOptions(threads=2, min_context_ms=30_000))
    await whisper.warm_up()
    assert (await _transcribed(whisper, sound("speech/cmd_date.wav"))).text == "What's the date?"


@pytest.fixture(scope="module")
def multilingual(models_dir: Path, workers: Workers) -> WhisperTranscriber:
    directory = models_dir / "whisper-base"
    if not directory.is_dir():
        pytest.skip("run `voice-server models fetch whisper-base`")
    return WhisperTranscriber(directory, workers)


async def test_a_multilingual_model_takes_a_language(multilingual: WhisperTranscriber, sound: Sound) -> None:
    samples = sound("speech/order_05.wav")
    english = await _transcribed(multilingual, samples, "en-GB")
    german = await _transcribed(multilingual, samples, "de")
    assert english.avg_logprob > german.avg_logprob


async def test_a_language_that_the_model_does_not_know(
    multilingual: WhisperTranscriber, sound: Sound
) -> None:
    with pytest.raises(ModelError, match="'tlh'"):
        await _transcribed(multilingual, sound("speech/order_05.wav"), "tlh")


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(model_dir: Path, tmp_path: Path, workers: Workers, missing: str) -> None:
    for file in model_dir.iterdir():
        if file.name != missing:
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(ModelFileError, match=f"no {missing} in .*models fetch"):
        WhisperTranscriber(tmp_path, workers)


def test_a_damaged_model_is_named(model_dir: Path, tmp_path: Path, workers: Workers) -> None:
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).symlink_to(model_dir / name)
    (tmp_path / "model.bin").write_bytes(b"this is no model")
    with pytest.raises(ModelFileError, match="cannot be loaded"):
        WhisperTranscriber(tmp_path, workers)


async def test_the_words_of_speech_that_goes_on_are_as_right_as_with_more_padding(
    whisper: WhisperTranscriber, recordings: Recordings, sound: Sound
) -> None:
    right = {True: 0, False: 0}
    for row in recordings("speech"):
        beginning = sound(row["path"])[: 2 * INPUT_HZ]
        for final in right:
            found = await whisper.transcribe(beginning, deadline_ms=0, language="en", final=final)
            right[final] += len(recognized(normalized(row["transcript"]), normalized(found.text)))
    assert right[True] > 150
    assert right[False] >= 0.97 * right[True]
