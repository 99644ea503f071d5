"""`voice-server bench resume`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from voice_server.bench.cluster import cluster
from voice_server.bench.comebacks import Cycle, numbers_of
from voice_server.bench.machine import described
from voice_server.bench.plots import plot_resume, plotting
from voice_server.bench.records import number_record, write_json
from voice_server.bench.resume import run_cycle
from voice_server.bench.statistics import NEVER
from voice_server.bench.table import numbers_table
from voice_server.cli.bench_screen import Json, finished, output, screen


def resume(
    cycles: Annotated[int, typer.Option(min=1, max=1_000, help="So many servers are killed.")] = 20,
    json_file: Json = None,
    plots: Annotated[
        Path | None, typer.Option(help="Directory for pictures.", metavar="DIR", file_okay=False)
    ] = None,
) -> None:
    """Kill the server that is speaking, again and again; its client has to hear the rest from another.

    Starts Redis, two servers and nginx on this machine; a killed server is started again for the next cycle,
    so that each takes 15 seconds or so.
    """
    if plots:
        finished(_plotting, asyncio.run)
    found: list[Cycle] = []
    try:
        finished(lambda: _measure(cycles, found), asyncio.run)
    finally:
        if found:
            _tell(found, json_file, plots)


async def _plotting() -> None:
    plotting()  # its absence should not be found out later


async def _measure(count: int, found: list[Cycle]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with cluster(2, lambda text: screen.print(f"starting {text}")) as running:
        with Progress(*columns, console=screen) as progress:
            bar = progress.add_task("kills", total=count)
            for _ in range(count):
                trial = await run_cycle(running)
                found.append(trial.cycle)
                progress.console.print(f"  {_short(trial.cycle)}", markup=False)
                progress.advance(bar)
                if trial.killed:
                    await trial.killed.start()


def _short(one: Cycle) -> str:
    def ms(value: float) -> str:
        return "never" if value == NEVER else f"{value:.0f} ms"

    kept = "whole" if one.text_kept else "not whole"
    return one.error or f"back after {ms(one.away_ms)}, sound after {ms(one.audio_ms)}, the sentence {kept}"


def _tell(found: list[Cycle], json_file: Path | None, plots: Path | None) -> None:
    numbers = numbers_of(found)
    output.print(numbers_table(numbers, f"{len(found)} servers killed while they spoke"))
    if json_file:
        records = [number_record(number) for number in numbers]
        write_json(
            json_file, {"benchmark": "resume", "machine": described(), "numbers": records, "cycles": found}
        )
        output.print(f"wrote {json_file}", markup=False)
    if plots:
        output.print(f"wrote {plot_resume(found, plots)}", markup=False)
