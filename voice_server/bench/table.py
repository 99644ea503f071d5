"""Results for people: one line for each number, and the waterfall of the turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from voice_server.bench.calibration import Calibration
from voice_server.bench.numbers import Goal, Number, Value
from voice_server.bench.statistics import NEVER, Distribution, Share

BAR_CHARS = 40
LATE_MS = 20.0


def numbers_table(found: Sequence[Number], title: str) -> Table:
    """Every number with its goal, and whether it was met."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("", "p50", "p95", "n", "goal", ""):
        table.add_column(heading, justify="left" if heading in ("", "goal") else "right")
    for number in found:
        table.add_row(number.title, *_cells(number.value), _goal(number.goal), _verdict(number.met))
    return table


def waterfall_table(stages: Mapping[str, Distribution]) -> Table:
    """When each stage of an answer was reached, after the end of the speech; each bar is the median stage."""
    title = "the turn by stage: ms after the speech ended, as the server has it"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("stage", "p50", "p95", "n", ""):
        table.add_column(heading, justify="left" if heading in ("stage", "") else "right")
    longest = max((stage.p50 for stage in stages.values()), default=0.0) or 1.0
    before = 0.0
    for name, stage in stages.items():
        begin, end = (round(max(0.0, at) / longest * BAR_CHARS) for at in (before, stage.p50))
        bar = " " * begin + "█" * max(1, end - begin)
        table.add_row(name, f"{stage.p50:.0f}", f"{stage.p95:.0f}", str(stage.n), bar)
        before = stage.p50
    return table


def own_error_line(calibration: Calibration) -> str:
    """The benchmark's own error, in one line."""
    gap, stop = calibration.turn_gap, calibration.barge_in_stop
    return (
        f"own error (p50, p95 of {gap.n + stop.n} known answers): turn gap {gap.p50:.1f}, {gap.p95:.1f} ms;"
        f" barge-in stop {stop.p50:.1f}, {stop.p95:.1f} ms"
    )


def disturbance(found: Sequence[Number]) -> str | None:
    """A warning when our own frames left late: something else was running, and nothing here is worth much."""
    late = {number.key: number.value for number in found}.get("own_lateness")
    if not isinstance(late, Distribution) or late.p50 <= LATE_MS:
        return None
    return f"[red]disturbed:[/] in half of the sessions a frame of ours left more than {late.p50:.0f} ms late"


def _cells(value: Value) -> tuple[str, str, str]:
    match value:
        case Distribution():
            never = f" ({value.never} never)" if value.never else ""
            return _ms(value.p50), _ms(value.p95), f"{value.n}{never}"
        case Share():
            share = "–" if value.value is None else f"{value.value:.3f}"
            return share, "", f"{value.count}/{value.of}"
        case None:
            return "–", "–", "0"
    return str(value), "", ""


def _ms(value: float) -> str:
    return "never" if value == NEVER else f"{value:.0f} ms"


def _goal(goal: Goal | None) -> str:
    if goal is None:
        return ""
    bounds = ((goal.p50, "p50 ≤ "), (goal.p95, "p95 ≤ "), (goal.at_least, "≥ "), (goal.at_most, "≤ "))
    return ", ".join(f"{sign}{bound:g}" for bound, sign in bounds if bound is not None)


def _verdict(met: bool | None) -> str:
    return {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[met]
