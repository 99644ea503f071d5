"""The sweep: each value of the dial is tried on each session, and counted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.observing.captured import captured
from voice_server.bench.tune import plot_sweep, sweep
from voice_server.errors import ConfigurationError
from voice_server.observing.trace_file import Trace, read_trace


@pytest.fixture
def traces(tmp_path: Path) -> list[Trace]:
    return [read_trace(asyncio.run(captured(tmp_path / name))) for name in ("one", "two")]


def test_a_longer_silence_makes_later_turns(traces: list[Trace]) -> None:
    done: list[int] = []
    short, long = sweep(traces, "hearing.stop_silence_ms", [100, 500], lambda: done.append(1))
    assert len(done) == 4
    assert (short.value, long.value) == (100, 500)
    assert short.turns == long.turns == 4
    assert short.turn_end_p50_ms is not None
    assert long.turn_end_p50_ms is not None
    assert long.turn_end_p50_ms > short.turn_end_p50_ms
    assert (short.stops, short.false_stops, short.cut_offs) == (2, 2, 0)


def test_a_dial_that_there_is_not_is_refused(traces: list[Trace]) -> None:
    with pytest.raises(ConfigurationError, match="turn has"):
        sweep(traces, "turn.speed", [1])


def test_it_is_drawn(traces: list[Trace], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = sweep(traces[:1], "turn.responsiveness", [0, 1])
    assert plot_sweep(points, "turn.responsiveness", tmp_path / "x.png").read_bytes()[:4] == b"\x89PNG"
