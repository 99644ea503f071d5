"""What every turn detector keeps to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from voice_server.adapters.scripted_listening import ScriptedTurnDetector
from voice_server.adapters.turn_smart import SmartTurn
from voice_server.audio.pcm import Pcm
from voice_server.ports import TurnDetector, Workers


@pytest.fixture(scope="module", params=["scripted", pytest.param("smart", marks=pytest.mark.models)])
def detector(request: pytest.FixtureRequest, workers: Workers) -> TurnDetector:
    if request.param == "scripted":
        return ScriptedTurnDetector()
    models_dir: Path = request.getfixturevalue("models_dir")
    return SmartTurn(models_dir / "smart-turn-3.2" / "smart-turn-v3.2-cpu.onnx", workers)


@pytest.fixture(scope="module")
def speech(sound: Callable[[str], Pcm]) -> Pcm:
    """An order, and some quiet after it."""
    return sound("speech/order_05.wav")


async def test_a_finished_sentence_is_an_end(detector: TurnDetector, speech: Pcm) -> None:
    assert 0.5 < await detector.end_of_turn(speech, deadline_ms=0) <= 1


@pytest.mark.parametrize("samples", [0, 1, 320, 16_000, 30 * 16_000])
async def test_any_length_has_a_probability(detector: TurnDetector, speech: Pcm, samples: int) -> None:
    assert 0 <= await detector.end_of_turn(np.resize(speech, samples), deadline_ms=0) <= 1


async def test_calls_may_overlap(detector: TurnDetector, speech: Pcm) -> None:
    alone = await detector.end_of_turn(speech, deadline_ms=0)
    together = await asyncio.gather(*(detector.end_of_turn(speech, deadline_ms=0) for _ in range(3)))
    assert together == pytest.approx([alone] * 3)


async def test_the_sound_is_left_as_it_was(detector: TurnDetector, speech: Pcm) -> None:
    mine = speech.copy()
    await detector.end_of_turn(mine, deadline_ms=0)
    np.testing.assert_array_equal(mine, speech)
