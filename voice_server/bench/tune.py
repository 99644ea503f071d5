"""What another turn of the dial would have done to captured sessions. From memory: seconds for an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice_server.bench.plots import plotting
from voice_server.observing.trace_file import Trace
from voice_server.replaying.changes import changed, setup_of
from voice_server.replaying.outcome import Outcome, outcome_of, percentile
from voice_server.replaying.runs import run_from_memory

DIAL = "turn.responsiveness"
VALUES = "0,0.25,0.5,0.75,1"


@dataclass(frozen=True, slots=True)
class Point:
    """All sessions, at one value of the dial."""

    value: float
    turns: int
    answers: int
    cut_offs: int
    turn_end_p50_ms: int | None
    gap_p50_ms: int | None
    gap_p95_ms: int | None
    stops: int
    false_stops: int
    """Stops that were taken back."""

    @property
    def cut_off_share(self) -> float:
        """Of the answers, how many came while the user was not done."""
        return self.cut_offs / self.answers if self.answers else 0.0


def sweep(
    traces: Sequence[Trace],
    dial: str,
    values: Iterable[float],
    tell: Callable[[], object] = lambda: None,
) -> list[Point]:
    """Every session at every value; `tell` is called after each. Raises ConfigurationError: no such dial."""
    points = []
    for value in values:
        outcomes = []
        for trace in traces:
            setup = changed(setup_of(trace.head), [f"{dial}={value:g}"])
            outcomes.append(outcome_of(run_from_memory(trace, setup)))
            tell()
        points.append(_point(value, outcomes))
    return points


def plot_sweep(points: Sequence[Point], dial: str, path: Path) -> Path:
    """Cut-offs against the turn gap, and stops against false stops. Returns the file."""
    pyplot = plotting()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure, (gaps, stops) = pyplot.subplots(1, 2, figsize=(11, 4.5))
    known = [point for point in points if point.gap_p50_ms is not None]
    _curve(gaps, [(p.gap_p50_ms or 0, 100 * p.cut_off_share, p.value) for p in known])
    gaps.set_xlabel("turn gap, median (ms)")
    gaps.set_ylabel("answers that cut the user off (%)")
    _curve(stops, [(point.stops, point.false_stops, point.value) for point in points])
    stops.set_xlabel("stops")
    stops.set_ylabel("of these, false: taken back")
    stops.set_xlim(left=0)
    stops.locator_params(integer=True)
    answers = [point.answers for point in points]
    figure.suptitle(f"{dial}: {min(answers, default=0)} to {max(answers, default=0)} answers at each value")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return path


def _point(value: float, outcomes: Sequence[Outcome]) -> Point:
    gaps_ms = [gap for outcome in outcomes for gap in outcome.gaps_ms]
    ends_ms = [end for outcome in outcomes for end in outcome.turn_ends_ms]
    return Point(
        value=value,
        turns=sum(len(outcome.turns) for outcome in outcomes),
        answers=len(gaps_ms),
        cut_offs=sum(outcome.cut_offs for outcome in outcomes),
        turn_end_p50_ms=percentile(ends_ms, 50),
        gap_p50_ms=percentile(gaps_ms, 50),
        gap_p95_ms=percentile(gaps_ms, 95),
        stops=sum(outcome.stops for outcome in outcomes),
        false_stops=sum(outcome.taken_back for outcome in outcomes),
    )


def _curve(axes: Any, points: Sequence[tuple[float, float, float]]) -> None:
    axes.plot([x for x, _, _ in points], [y for _, y, _ in points], marker="o")
    for x, y, value in points:
        axes.annotate(f"{value:g}", (x, y), textcoords="offset points", xytext=(6, 6))
    axes.margins(0.15)
    axes.set_ylim(bottom=0)
