"""Results as JSON, as tables and as pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType

from tests.bench.test_numbers import overlap, turn
from voice_server.bench.calibration import Calibration
from voice_server.bench.latency import Report, Run
from voice_server.bench.machine import described
from voice_server.bench.numbers import Goal, Number
from voice_server.bench.pauses import PausesOutcome
from voice_server.bench.plots import plot_curve, plot_run
from voice_server.bench.records import number_record, write_json
from voice_server.bench.running import Result
from voice_server.bench.statistics import NEVER, Distribution, Share
from voice_server.bench.table import disturbance, numbers_table, own_error_line, waterfall_table
from voice_server.bench.trials import Suite

OWN_ERROR = Calibration(Distribution(1.234, 2.5, 10, 0), Distribution(1.0, 2.0, 10, 0), 1.234, -1.0)
RESULTS = [
    turn(250, {"turn_end": 100.0, "first_audio": 240.0}),
    turn(NEVER),
    overlap(Suite.INTERRUPTIONS, "interrupted"),
    Result(Suite.LONG, "b", 0, pauses=PausesOutcome(10, 1, 1)),
]


def shown(renderable: RenderableType) -> str:
    screen = StringIO()
    Console(file=screen, width=160).print(renderable)
    return screen.getvalue()


def test_a_report_is_json_with_goals_and_raw_trials_and_never_is_null(tmp_path: Path) -> None:
    report = Report("ws://x", OWN_ERROR, run=Run(RESULTS), curve=[Run(RESULTS, 0.25)])
    write_json(tmp_path / "deep" / "r.json", report.record())
    record = json.loads((tmp_path / "deep" / "r.json").read_text())
    gap = next(number for number in record["numbers"] if number["key"] == "turn_gap")
    assert gap["p50"] is None
    assert gap["never"] == 1
    assert gap["goal"] == {"p50": 300, "p95": 700}
    assert gap["met"] is False
    assert record["trials"][0]["turn"]["gap_ms"] == 250
    assert record["own_error_ms"]["turn_gap"]["p50"] == 1.23
    assert record["waterfall_ms"]["turn_end"]["p50"] == 100
    assert [run["responsiveness"] for run in record["curve"]] == [0.25]
    assert record["machine"]["cores"] >= 1


def test_a_number_says_its_unit() -> None:
    share = number_record(Number("a", "A", Share(19, 20), Goal(at_least=0.95)))
    assert (share["unit"], share["value"], share["of"], share["met"]) == ("share", 0.95, 20, True)
    count = number_record(Number("b", "B", 3))
    assert (count["unit"], count["value"], count["goal"], count["met"]) == ("count", 3, None, None)


def test_the_machine_is_described_without_names() -> None:
    machine = described()
    assert {"at", "processor", "cores", "memory_gib", "system", "python", "commit"} <= machine.keys()
    assert machine["memory_gib"] > 0


def test_the_table_has_every_number_with_goal_and_verdict() -> None:
    text = shown(numbers_table(Run(RESULTS).numbers, "title"))
    (gap,) = [line for line in text.splitlines() if " turn gap " in line]
    assert "never" in gap
    assert "2 (1 never)" in gap
    assert "p50 ≤ 300, p95 ≤ 700" in gap
    assert "missed" in gap
    (cut,) = [line for line in text.splitlines() if " pauses cut off " in line]
    assert "0.100" in cut
    assert "1/10" in cut
    assert "met" in cut


def test_the_waterfall_has_a_bar_for_each_stage_that_begins_where_the_one_before_ended() -> None:
    rows = [line for line in shown(waterfall_table(Run(RESULTS).waterfall)).splitlines() if "█" in line]
    assert [("turn_end" in rows[0], "first_audio" in rows[1])] == [(True, True)]
    assert rows[0].rindex("█") < rows[1].index("█")


def test_a_disturbed_machine_is_said_to_be_one() -> None:
    late = [
        replace(result, late_ms=late_ms) for result, late_ms in zip(RESULTS, (1, 31, 45, 90), strict=True)
    ]
    assert "more than 38 ms late" in (disturbance(Run(late).numbers) or "")
    assert disturbance(Run(RESULTS).numbers) is None


def test_the_own_error_is_one_line() -> None:
    assert own_error_line(OWN_ERROR) == (
        "own error (p50, p95 of 20 known answers): turn gap 1.2, 2.5 ms; barge-in stop 1.0, 2.0 ms"
    )


def test_the_pictures_are_drawn(tmp_path: Path) -> None:
    written = [*plot_run(Run(RESULTS), tmp_path), plot_curve([Run(RESULTS[:1] + RESULTS[3:], 0.5)], tmp_path)]
    assert [path.name for path in written] == ["turn-gap.png", "waterfall.png", "curve.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_what_was_not_measured_is_not_drawn(tmp_path: Path) -> None:
    assert plot_run(Run([]), tmp_path) == []
