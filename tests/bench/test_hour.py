"""The benchmark's trace is one, and is replayed without a difference."""

from __future__ import annotations

from pathlib import Path

from voice_server.bench.hour import measure, write_trace
from voice_server.observing.trace_file import read_trace

MINUTE_MS = 60_000


def test_a_minute_is_replayed() -> None:
    result = measure(MINUTE_MS, trials=2)
    assert len(result.took_s) == 2
    assert result.decisions > 300


def test_the_trace_holds_what_a_capture_would(tmp_path: Path) -> None:
    trace = read_trace(write_trace(tmp_path / "minute", MINUTE_MS))
    assert trace.notes == []
    kinds = [record["k"] for record in trace.records]
    assert kinds.count("in") == kinds.count("vad") == kinds.count("out") >= 2_800
    reports = [r for r in trace.of("core") if r["event"] and r["event"]["type"] == "PlaybackReported"]
    assert len(reports) > 50
