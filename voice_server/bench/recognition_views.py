"""The recognition benchmark's result for people: a table, and a picture of time against wrong words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.table import Table

from voice_server.bench.plots import SIZE_INCHES, plotting
from voice_server.bench.recognition import Outcome

HEADINGS = ("setting", "p50", "p95", "processor p50", "word error", "noise", "loops")


def recognition_table(outcomes: Sequence[Outcome]) -> Table:
    """One line for each setting."""
    table = Table(
        title="time for a recording with speech; wrong words; noises with words", title_justify="left"
    )
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == HEADINGS[0] else "right")
    for outcome in outcomes:
        table.add_row(*_cells(outcome))
    return table


def plot_recognition(outcomes: Sequence[Outcome], path: Path) -> Path:
    """A line for each model and number of threads, a point for each context. Returns the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyplot = plotting()
    figure, axes = pyplot.subplots(figsize=SIZE_INCHES)
    for name, line in groupby(outcomes, lambda o: f"{o.setting.model}, threads: {o.setting.threads}"):
        points = [point for outcome in line if (point := _point(outcome))]
        axes.plot([ms for ms, _, _ in points], [share for _, share, _ in points], marker="o", label=name)
        for ms, share, context in points:
            axes.annotate(context, (ms, share), textcoords="offset points", xytext=(4, 6), fontsize=8)
    axes.set(xscale="log", xlabel="time for a recording, median (ms)", ylabel="word error")
    axes.set_title("what the encoder's context costs and loses")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return path


def _cells(outcome: Outcome) -> tuple[str, ...]:
    time_ms, processor_ms = outcome.time_ms, outcome.processor_ms
    error, noise = outcome.word_error.value, outcome.noise_with_words
    return (
        str(outcome.setting),
        f"{time_ms.p50:.0f} ms" if time_ms else "–",
        f"{time_ms.p95:.0f} ms" if time_ms else "–",
        f"{processor_ms.p50:.0f} ms" if processor_ms else "–",
        "–" if error is None else f"{error:.3f}",
        f"{noise.count}/{noise.of}",
        str(outcome.looped),
    )


def _point(outcome: Outcome) -> tuple[float, float, str] | None:
    """Time, share of wrong words, and the context as a label."""
    time_ms, error = outcome.time_ms, outcome.word_error.value
    if time_ms is None or error is None:
        return None
    return time_ms.p50, error, f"{outcome.setting.context_ms / 1000:g} s"
