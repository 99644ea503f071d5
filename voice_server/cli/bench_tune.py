"""`voice-server bench tune`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from voice_server.bench.records import write_json
from voice_server.bench.tune import DIAL, VALUES, Point, plot_sweep, sweep
from voice_server.cli.bench_screen import Json, output, screen
from voice_server.errors import ConfigurationError
from voice_server.observing.trace_file import Trace, TraceError, read_trace


def tune(
    directory: Annotated[Path, typer.Argument(help="Captured sessions.", metavar="DIR-OF-TRACES")],
    dial: Annotated[str, typer.Option(help="What to turn, as of `replay --set`.")] = DIAL,
    values: Annotated[str, typer.Option(help="Where to, with commas.")] = VALUES,
    plot: Annotated[
        Path | None, typer.Option(help="A picture (PNG); needs matplotlib.", metavar="FILE")
    ] = None,
    json_file: Json = None,
) -> None:
    """Turn the dial over captured sessions, and see what it would have done.

    Cut-offs against the turn gap, and stops against false stops. The sessions run again from memory: the
    users say what they said, though they might have said it otherwise.
    """
    traces, numbers = _read(directory), _numbers(values)
    runs = iter(track(range(len(traces) * len(numbers)), "running again", console=screen, transient=True))
    points = sweep(traces, dial, numbers, lambda: next(runs, None))
    output.print(_table(points, dial))
    if plot:
        output.print(f"wrote {plot_sweep(points, dial, plot)}", markup=False)
    if json_file:
        record = {"traces": [str(trace.path) for trace in traces], "points": [asdict(p) for p in points]}
        write_json(json_file, {"benchmark": "tune", "dial": dial, **record})
        output.print(f"wrote {json_file}", markup=False)


def _read(directory: Path) -> list[Trace]:
    """Every trace that can be run again; what cannot is said."""
    traces = []
    for path in sorted(directory.glob("*.jsonl")):
        try:
            trace = read_trace(path)
        except TraceError as error:
            screen.print(f"left aside: {error}", markup=False)
            continue
        if "words" in trace.head.get("left_out", ()):
            screen.print(f"left aside: {path.name} was captured without words", markup=False)
        else:
            traces.append(trace)
    if not traces:
        raise ConfigurationError(f"no captured sessions in {directory}: `serve --capture DIR` makes them")
    return traces


def _numbers(values: str) -> list[float]:
    try:
        return [float(value) for value in values.split(",")]
    except ValueError:
        raise ConfigurationError(f"--values {values}: numbers with commas, as in 0,0.5,1") from None


def _table(points: list[Point], dial: str) -> Table:
    table = Table(title=f"{points[0].turns} turns")
    heads = (dial, "answers", "cut-offs", "turn end p50", "gap p50", "gap p95", "stops", "false stops")
    for head in heads:
        table.add_column(head, justify="right")
    for p in points:
        times = (p.turn_end_p50_ms, p.gap_p50_ms, p.gap_p95_ms)
        table.add_row(
            f"{p.value:g}", str(p.answers), f"{p.cut_offs} ({p.cut_off_share:.0%})",
            *("–" if ms is None else f"{ms} ms" for ms in times), str(p.stops), str(p.false_stops),
        )  # fmt: skip
    return table
