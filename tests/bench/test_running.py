"""Whole trials against the controls, in virtual time: what is measured and what it comes down to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.sessions import Session
from voice_server.bench.clips import Clip
from voice_server.bench.control_run import looks_bad
from voice_server.bench.controls import CONTROLS, Control, Name, control_server
from voice_server.bench.latency import Run, measure, measure_curve
from voice_server.bench.load import people
from voice_server.bench.running import Connect, Result, Setting, measured, run_trial, undisturbed
from voice_server.bench.scripted_server import run_scripted
from voice_server.bench.trials import Suite, Trial, planned
from voice_server.client.memory_link import memory_links
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import LinkError

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]


def spoken(name: str, kind: str, *speech_ms: tuple[float, float]) -> Clip:
    """A clip that is loud just where it says it is."""
    samples = np.zeros(int(speech_ms[-1][1] + 200) * 16, np.int16)
    for begin, end in speech_ms:
        samples[int(begin) * 16 : int(end) * 16] = 6_000
    return Clip(name, kind, samples, "hello there" if kind != "noise" else None, speech_ms, speech_ms[-1][1])


CLIPS = [
    spoken("speech/a", "speech", (300, 1_300)),
    spoken("speech/b", "speech", (200, 900)),
    spoken("noise/dog", "noise", (400, 700)),
    spoken("backchannel/yeah", "backchannel", (200, 500)),
    spoken("long/talk", "long", (300, 1_300), (1_800, 2_800), (3_000, 3_600)),
]


def to(control: Control) -> Connect:
    """Connections to a control without a network."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[VoiceClient]:
        near, far = memory_links()
        async with asyncio.TaskGroup() as group:
            group.create_task(run_scripted(far, control_server(control)))
            yield VoiceClient(near)

    return connect


async def run(name: Name, *suites: Suite, trials: int = 4) -> Run:
    plan = planned(CLIPS, suites or list(Suite), trials)
    found = Run([])
    await measure(to(CONTROLS[name]), plan, found, None, lambda result: None)
    return found


@pytest.mark.parametrize("name", list(Name))
def test_every_control_looks_bad(name: Name, run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        assert looks_bad(CONTROLS[name], await run(name))

    run_virtual(scenario())


def test_a_control_misses_what_it_should_and_meets_what_it_can(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        eager = await run(Name.STOPS_AT_EVERYTHING)
        met = {number.key: number.met for number in eager.numbers}
        assert met["turn_gap"] is True
        assert met["barge_in_stop"] is True
        assert met["interruptions_recognised"] is True
        assert (met["taken_back"], met["false_stops"]) == (False, False)
        assert met["cut_offs"] is False

        deaf = await run(Name.NEVER_STOPS)
        met = {number.key: number.met for number in deaf.numbers}
        assert (met["barge_in_stop"], met["interruptions_recognised"]) == (False, False)
        assert met["false_stops"] is True

    run_virtual(scenario())


def test_an_answer_belongs_to_its_pause_also_when_it_sounds_over_the_words_after_it(
    run_virtual: RunVirtual,
) -> None:
    async def scenario() -> None:
        (result,) = (await run(Name.STOPS_AT_EVERYTHING, Suite.LONG)).results
        assert result.pauses is not None
        assert (result.pauses.pauses, result.pauses.cut_off, result.pauses.inside) == (2, 2, 1)
        (patient,) = (await run(Name.FIXED_800_MS, Suite.LONG)).results
        assert patient.pauses is not None
        assert patient.pauses.cut_off == 0

    run_virtual(scenario())


def test_holes_in_the_answers_are_summed_and_our_own_lateness_noted() -> None:
    session = Session().plays(2_600, 100).plays(2_730, 100, position=100)
    recording = replace(session.recording(), lateness_ms=(0.5, 3.0, 0.1))
    result = measured(Result(Suite.TURNS, "a", 0), CLIPS[0], recording)
    assert (result.underrun_ms, result.late_ms) == (30, 3)


@pytest.mark.parametrize(
    ("late_ms", "repeats", "kept_ms"), [([9], 0, 9), ([200, 9], 1, 9), ([200, 300, 400, 9], 2, 400)]
)
async def test_a_trial_is_repeated_when_the_machine_stood_still(
    late_ms: list[float], repeats: int, kept_ms: float
) -> None:
    tries = iter([Result(Suite.TURNS, "a", 0, late_ms=late) for late in late_ms])

    async def attempt() -> Result:
        return next(tries)

    result = await undisturbed(attempt)
    assert (result.repeats, result.late_ms) == (repeats, kept_ms)


def test_the_waterfall_is_that_of_the_turns(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        stages = (await run(Name.FIXED_800_MS, Suite.TURNS)).waterfall
        assert {name: stage.p50 for name, stage in stages.items()} == {"turn_end": 800, "first_audio": 800}

    run_virtual(scenario())


def test_a_server_that_cannot_be_had_is_a_result() -> None:
    @asynccontextmanager
    async def refuse() -> AsyncIterator[VoiceClient]:
        raise LinkError("the server is busy", close_code=4429)
        yield

    async def scenario() -> Result:
        return await run_trial(Setting(refuse), Trial(Suite.TURNS, CLIPS[0], 0))

    result = asyncio.run(scenario())
    assert result.error == "the server is busy"
    assert (result.turn, result.faults) == (None, None)
    (failed,) = [number for number in Run([result]).numbers if number.key == "failed_sessions"]
    assert (failed.value, failed.met) == (1, False)


def test_the_dial_goes_into_the_config_and_sessions_can_be_kept(
    run_virtual: RunVirtual, tmp_path: Path
) -> None:
    async def scenario() -> None:
        plan = planned(CLIPS, [Suite.INTERRUPTIONS], 1)
        await measure(to(CONTROLS[Name.FIXED_800_MS]), plan, Run([], 0.25), tmp_path, lambda result: None)

    run_virtual(scenario())
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [
        f"interruptions-00-speech_a.{kind}" for kind in ("heard.wav", "messages.jsonl", "mic.wav")
    ]
    first = (tmp_path / kept[1]).read_text().splitlines()[0]
    assert '"turn": {"responsiveness": 0.25}' in first
    assert "storyteller" in first


def test_the_curve_is_the_same_trials_at_each_setting_of_the_dial(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        curve: list[Run] = []
        plan = planned(CLIPS, [Suite.TURNS], 2)
        await measure_curve(to(CONTROLS[Name.FIXED_800_MS]), plan, curve, lambda result: None)
        assert [run.responsiveness for run in curve] == [0.0, 0.25, 0.5, 0.75, 1.0]
        assert [len(run.results) for run in curve] == [2] * 5

    run_virtual(scenario())


def test_under_load_the_clips_are_dealt_out() -> None:
    dealt = people(CLIPS, sessions=3, rounds=2)
    assert [[t.number for t in trials] for trials in dealt] == [[0, 3], [1, 4], [2, 5]]
