"""Smart Turn tells ends from pauses, on our recordings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice_server.adapters.turn_smart import SmartTurn
from voice_server.adapters.vad_silero import bundled_model
from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import ms_to_samples
from voice_server.errors import ModelError, ModelFileError
from voice_server.ports import Workers

pytestmark = pytest.mark.models

Recordings = Callable[..., list[dict[str, Any]]]
Sound = Callable[[str], Pcm]
SILENCE_MS = 100


@pytest.fixture(scope="module")
def model_path(models_dir: Path) -> Path:
    return models_dir / "smart-turn-3.2" / "smart-turn-v3.2-cpu.onnx"


@pytest.fixture(scope="module")
def smart(model_path: Path, workers: Workers) -> SmartTurn:
    return SmartTurn(model_path, workers)


def _until(samples: Pcm, end_s: float) -> Pcm:
    """The sound up to 100 ms after the end of speech, with zeros where the recording is shorter."""
    length = ms_to_samples(round(1000 * end_s) + SILENCE_MS, 16_000)
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


async def test_most_true_ends_are_ends_100_ms_later(
    smart: SmartTurn, recordings: Recordings, sound: Sound
) -> None:
    scores = [
        await smart.end_of_turn(_until(sound(row["path"]), row["speech_end_s"]), deadline_ms=0)
        for row in recordings("speech")
    ]
    assert np.mean(np.array(scores) >= 0.5) >= 0.85


async def test_most_pauses_are_no_ends(smart: SmartTurn, recordings: Recordings, sound: Sound) -> None:
    scores = []
    for row in recordings("long"):
        spans = row["speech_segments_s"]
        for (_, end_s), (next_s, _) in pairwise(spans):
            if next_s - end_s >= SILENCE_MS / 1000:
                scores.append(await smart.end_of_turn(_until(sound(row["path"]), end_s), deadline_ms=0))
    assert len(scores) >= 25
    assert np.mean(np.array(scores) >= 0.5) <= 0.35
    assert np.median(scores) <= 0.1


async def test_only_the_last_8_s_are_heard(smart: SmartTurn, sound: Sound) -> None:
    samples = sound("long/jfk.wav")
    heard = await smart.end_of_turn(samples[-8 * 16_000 :], deadline_ms=0)
    assert await smart.end_of_turn(samples, deadline_ms=0) == heard


async def test_silence_before_short_sound_changes_nothing(smart: SmartTurn, sound: Sound) -> None:
    samples = sound("speech/cmd_date.wav")
    score = await smart.end_of_turn(samples, deadline_ms=0)
    assert await smart.end_of_turn(np.pad(samples, (16_000, 0)), deadline_ms=0) == score


async def test_loudness_hardly_matters(smart: SmartTurn, sound: Sound) -> None:
    samples = sound("speech/order_05.wav")
    score = await smart.end_of_turn(samples, deadline_ms=0)
    assert await smart.end_of_turn(samples // 4, deadline_ms=0) == pytest.approx(score, abs=0.1)


async def test_threads_change_no_answer(
    model_path: Path, workers: Workers, smart: SmartTurn, sound: Sound
) -> None:
    two = SmartTurn(model_path, workers, threads=2)
    await two.warm_up()
    samples = sound("speech/order_05.wav")
    score = await smart.end_of_turn(samples, deadline_ms=0)
    assert await two.end_of_turn(samples, deadline_ms=0) == pytest.approx(score, abs=1e-4)


async def test_what_the_graph_refuses_is_a_model_error(workers: Workers) -> None:
    with pytest.raises(ModelError, match="silero"):
        await SmartTurn(bundled_model(), workers).warm_up()


def test_a_missing_file_is_named(workers: Workers, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no\.onnx.*models fetch"):
        SmartTurn(tmp_path / "no.onnx", workers)
