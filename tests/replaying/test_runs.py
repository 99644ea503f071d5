"""Captured sessions through the whole runtime again: reproducible to the byte, and different when asked."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.observing.captured import captured
from tests.transports.house import scripted_models
from voice_server.errors import ConfigurationError
from voice_server.observing.redaction import Redaction
from voice_server.observing.trace_file import Trace, read_trace
from voice_server.observing.trace_sink import SinkOptions
from voice_server.replaying.changes import changed, setup_of
from voice_server.replaying.decisions import compare_decisions
from voice_server.replaying.outcome import outcome_of
from voice_server.replaying.runs import Asked, NewTrace, run_from_memory, run_with_models


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    return read_trace(asyncio.run(captured(tmp_path / "captured")))


def test_from_memory_the_same_happens(trace: Trace) -> None:
    before, again = (
        outcome_of(core) for core in (trace.of("core"), run_from_memory(trace, setup_of(trace.head)))
    )
    assert again.turns == before.turns
    assert (again.stops, again.taken_back, again.cut_offs) == (1, 1, 0)
    assert [r.status for r in again.replies] == [r.status for r in before.replies]
    assert all(abs(a - b) <= 40 for a, b in zip(again.gaps_ms, before.gaps_ms, strict=True))


@pytest.mark.parametrize("way", ["memory", "models"])
def test_two_runs_write_the_same_trace_to_the_byte(trace: Trace, tmp_path: Path, way: str) -> None:
    setup = setup_of(trace.head)
    run = run_from_memory if way == "memory" else partial(_with_scripted_models)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(trace, setup, [NewTrace(trace, setup, tmp_path / name / "x.jsonl")])
    written = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert written == ["x.in.pcm", "x.jsonl", "x.out.pcm", "x.voice.pcm"]
    for name in written:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert compare_decisions(tmp_path / "one" / "x.jsonl").differences == []
    assert read_trace(tmp_path / "one" / "x.jsonl").sound("in") == trace.sound("in")


def _with_scripted_models(trace: Trace, setup: object, observers: object) -> None:
    run_with_models(trace, setup, Asked(scripted_models(), True, True), observers)  # type: ignore[arg-type]


def test_another_policy_has_another_outcome(trace: Trace) -> None:
    deaf = changed(setup_of(trace.head), ["turn.barge_in=false"])
    outcome = outcome_of(run_from_memory(trace, deaf))
    assert (outcome.stops, outcome.taken_back) == (0, 0)
    slow = changed(setup_of(trace.head), ["hearing.stop_silence_ms=600"])
    late = outcome_of(run_from_memory(trace, slow))
    assert min(late.turn_ends_ms) > min(outcome.turn_ends_ms)


def test_where_records_are_missing_memory_makes_do(trace: Trace) -> None:
    trace.records.remove(next(each for each in trace.records if '"Generate"' in json.dumps(each)))
    outcome = outcome_of(run_from_memory(trace, setup_of(trace.head)))
    assert len(outcome.turns) == 2
    assert [reply.status for reply in outcome.replies] == ["completed", "completed"]


def test_what_the_server_was_set_to_may_be_of_another_version(trace: Trace) -> None:
    before = setup_of(trace.head)
    del trace.head["runtime"]["lead_ms"]
    trace.head["runtime"]["walk_ms"] = 5
    assert setup_of(trace.head) == replace(before, options=replace(before.options, lead_ms=300))


def test_without_sound_memory_is_enough(tmp_path: Path) -> None:
    silent = read_trace(asyncio.run(captured(tmp_path, SinkOptions(Redaction(sound=False)))))
    assert outcome_of(run_from_memory(silent, setup_of(silent.head))).stops == 1


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("responsiveness", "as in --set turn.responsiveness=0.8"),
        ("turn.speed=1", "turn has mode, responsiveness, barge_in"),
        ("kitchen.sink=1", "there is no such setting; there are turn, session, policy, hearing"),
        ("turn.responsiveness=fast", "expected float"),
        ("policy.preroll_ms=0.5", "expected int"),
        ("turn.mode=loud", "expected"),
    ],
)
def test_a_setting_that_there_is_not_is_refused(trace: Trace, setting: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        changed(setup_of(trace.head), [setting])
