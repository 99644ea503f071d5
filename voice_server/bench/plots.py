"""Results as pictures. Needs matplotlib: the extra `bench`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from voice_server.bench.comebacks import Cycle
from voice_server.bench.latency import Run
from voice_server.bench.statistics import NEVER, Distribution, Share
from voice_server.bench.trials import Suite
from voice_server.errors import ConfigurationError

SIZE_INCHES = (8.0, 4.5)
GAP_GOALS_MS = (300, 700)
CUT_OFF_GOAL = 0.10
RESTORE_GOAL_MS = 300


def plotting() -> ModuleType:
    """matplotlib's pyplot, drawing into files. Raises ConfigurationError when it is not installed."""
    try:
        import matplotlib
    except ImportError:
        raise ConfigurationError(
            "plots need matplotlib: pip install 'voice-server[bench]', or leave out --plots"
        ) from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def plot_run(run: Run, directory: Path) -> list[Path]:
    """The distribution of the turn gap, and the median turn by stage. Returns the files."""
    directory.mkdir(parents=True, exist_ok=True)
    gaps = [r.turn.gap_ms for r in run.results if r.turn and r.suite is Suite.TURNS]
    known = sorted(gap for gap in gaps if gap < NEVER)
    written = [_turn_gap(known, len(gaps), directory / "turn-gap.png")] if known else []
    return written + ([_waterfall(run.waterfall, directory / "waterfall.png")] if run.waterfall else [])


def plot_curve(curve: Sequence[Run], directory: Path) -> Path:
    """Cut-off rate against turn gap, over the dial. Returns the file."""
    directory.mkdir(parents=True, exist_ok=True)
    points = [point for run in curve if (point := _point(run))]
    figure, axes = plotting().subplots(figsize=SIZE_INCHES)
    _dialled(axes, "median", [(gap.p50, share, dial) for gap, share, dial in points])
    _dialled(axes, "95th percentile", [(gap.p95, share, dial) for gap, share, dial in points])
    for goal_ms in GAP_GOALS_MS:
        axes.axvline(goal_ms, linestyle=":", color="grey")
    axes.axhline(CUT_OFF_GOAL, linestyle=":", color="grey")
    axes.legend()
    labels = ("turn gap (ms)", "pauses cut off", "turn.responsiveness, and the goals")
    return _saved(figure, axes, directory / "curve.png", labels)


def _dialled(axes: Any, label: str, points: Sequence[tuple[float, float, float]]) -> None:
    """A line through ms, share and setting of each point that came."""
    known = [point for point in points if point[0] < NEVER]
    axes.plot([ms for ms, _share, _dial in known], [share for _ms, share, _dial in known], "o-", label=label)
    for ms, share, dial in known:
        axes.annotate(f"{dial:g}", (ms, share), textcoords="offset points", xytext=(6, 6))


def plot_resume(cycles: Sequence[Cycle], directory: Path) -> Path:
    """How many sessions were back, and sounded again, so long after the new connection. Returns the file."""
    directory.mkdir(parents=True, exist_ok=True)
    figure, axes = plotting().subplots(figsize=SIZE_INCHES)
    for label, times in (
        ("session.resumed", [cycle.resumed_ms for cycle in cycles]),
        ("first sound of the rest", [cycle.audio_ms for cycle in cycles]),
    ):
        known = sorted(time for time in times if time < NEVER)
        axes.step(known, [(rank + 1) / len(times) for rank in range(len(known))], where="post", label=label)
    axes.axvline(RESTORE_GOAL_MS, linestyle=":", color="grey")
    axes.set_ylim(0, 1.02)
    axes.legend()
    labels = ("ms after the new connection", "share of sessions", f"{len(cycles)} servers killed")
    return _saved(figure, axes, directory / "resume.png", labels)


def _turn_gap(known: Sequence[float], of: int, path: Path) -> Path:
    """Each turn as a step: how many answers had begun so long after the speech."""
    figure, axes = plotting().subplots(figsize=SIZE_INCHES)
    axes.step(known, [(rank + 1) / of for rank in range(len(known))], where="post")
    for goal_ms, share in zip(GAP_GOALS_MS, (0.5, 0.95), strict=True):
        axes.plot([goal_ms], [share], marker="x", color="red")
    axes.set_ylim(0, 1.02)
    labels = ("turn gap (ms)", "share of turns answered", f"{len(known)} of {of} turns answered; goals: ×")
    return _saved(figure, axes, path, labels)


def _waterfall(stages: Mapping[str, Distribution], path: Path) -> Path:
    """A bar from the stage before to each stage, by medians."""
    figure, axes = plotting().subplots(figsize=SIZE_INCHES)
    ends = [stage.p50 for stage in stages.values()]
    begins = [min(0.0, *ends), *ends[:-1]]
    widths = [end - begin for begin, end in zip(begins, ends, strict=True)]
    axes.barh(list(stages), widths, left=begins)
    for row, end in enumerate(ends):
        axes.annotate(f"{end:.0f}", (end, row), textcoords="offset points", xytext=(4, -4))
    axes.invert_yaxis()
    return _saved(figure, axes, path, ("ms after the speech ended (median)", "", "the turn by stage"))


def _point(run: Run) -> tuple[Distribution, float, float] | None:
    gap, cut_off = run.number("turn_gap").value, run.number("cut_offs").value
    if not isinstance(gap, Distribution) or not isinstance(cut_off, Share) or cut_off.value is None:
        return None
    return gap, cut_off.value, run.responsiveness or 0.0


def _saved(figure: Any, axes: Any, path: Path, labels: tuple[str, str, str]) -> Path:
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.set_title(labels[2])
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plotting().close(figure)
    return path
