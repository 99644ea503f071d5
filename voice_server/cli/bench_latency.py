"""`voice-server bench latency`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from voice_server.bench.clips import Clip, load_clips
from voice_server.bench.control_run import looks_bad, run_control, short_plan
from voice_server.bench.controls import CONTROLS, Name, control_server
from voice_server.bench.latency import (
    CURVE_SUITES,
    DIAL,
    Report,
    Run,
    connector,
    measure,
    measure_curve,
    measure_own_error,
)
from voice_server.bench.plots import plot_curve, plot_run, plotting
from voice_server.bench.records import write_json
from voice_server.bench.running import Connect
from voice_server.bench.scripted_server import scripted_server
from voice_server.bench.table import disturbance, numbers_table, own_error_line, waterfall_table
from voice_server.bench.trials import Suite, planned
from voice_server.cli.bench_screen import (
    FOUND_WANTING,
    RECORDINGS,
    Json,
    Recordings,
    finished,
    output,
    screen,
    trials_shown,
)
from voice_server.cli.options import with_options
from voice_server.client.local_server import local_server

KINDS = ("speech", "long", "backchannel", "noise")


@dataclass(frozen=True)
class Options:
    """What to measure, and where to put it."""

    url: Annotated[str | None, typer.Option(help="ws://HOST:PORT/v1/voice; none: starts a server.")] = None
    key: Annotated[str | None, typer.Option(envvar="VOICE_SERVER_KEY", help="The server's key.")] = None
    suite: Annotated[
        list[Suite] | None, typer.Option(help="Only these; may be given more than once.", show_default="all")
    ] = None
    trials: Annotated[
        int, typer.Option(min=1, help="Turns, and interruptions; of the rest, at most so many.")
    ] = 40
    responsiveness: Annotated[
        float | None, typer.Option(min=0, max=1, help="The dial; unset: the server's own.")
    ] = None
    curve: Annotated[bool, typer.Option("--curve", help="Also turn the dial: turn gap against cut-offs.")] = (
        False
    )
    json_file: Json = None
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw the results.", file_okay=False)] = (
        None
    )
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep every session's sound and messages.", file_okay=False),
    ] = None
    audio: Recordings = RECORDINGS
    control: Annotated[Name | None, typer.Option(help="Measure this server that must look bad.")] = None
    controls: Annotated[
        bool, typer.Option("--controls", help="Only check, in short, that all of those do look bad.")
    ] = False


@with_options(Options)
def latency(options: Options) -> None:
    """Measure turn gap, barge-in, false stops, cut-offs and transcripts, in real time.

    Each recording is a session of its own, played as from a microphone; everything is measured at the client,
    on one clock. All suites with 40 trials take about 20 minutes. Run nothing else meanwhile.
    """
    if options.controls:
        finished(lambda: _check_controls(load_clips(options.audio, KINDS)), asyncio.run)
    else:
        finished(lambda: _measure(options), asyncio.run)


async def _measure(options: Options) -> None:
    if options.plots:
        plotting()  # its absence should not be found out after twenty minutes
    clips = load_clips(options.audio, KINDS)
    screen.print("measuring our own error")
    own_error = await measure_own_error()
    async with _server(options) as (name, connect):
        report = Report(name, own_error)
        await _greet(connect)
        try:
            await _measure_suites(options, connect, clips, report)
            if options.curve:
                await _measure_dial(options, connect, clips, report)
        finally:  # also after Ctrl-C: what was measured was measured
            _show(options, report)


async def _measure_suites(options: Options, connect: Connect, clips: list[Clip], report: Report) -> None:
    trials = planned(clips, options.suite or list(Suite), options.trials)
    report.planned = len(trials)
    with trials_shown(len(trials), "trials") as tell:
        report.run = Run([], options.responsiveness)
        await measure(connect, trials, report.run, options.keep, tell)


async def _measure_dial(options: Options, connect: Connect, clips: list[Clip], report: Report) -> None:
    count = len(DIAL) * len(planned(clips, CURVE_SUITES, options.trials))
    with trials_shown(count, "turning the dial") as tell:
        await measure_curve(connect, planned(clips, CURVE_SUITES, options.trials), report.curve, tell)


def _show(options: Options, report: Report) -> None:
    """Table, files, and where they are."""
    if report.run:
        held = f"{len(report.run.results)} of {report.planned} sessions"
        output.print(numbers_table(report.run.numbers, f"{report.server}, {held}"))
        if report.run.waterfall:
            output.print(waterfall_table(report.run.waterfall))
        if warning := disturbance(report.run.numbers):
            output.print(warning)
    output.print(own_error_line(report.calibration))
    written: list[Path] = []
    if options.json_file:
        write_json(options.json_file, report.record())
        written.append(options.json_file)
    if options.plots and report.run:
        written += plot_run(report.run, options.plots)
    if options.plots and report.curve:
        written.append(plot_curve(report.curve, options.plots))
    for path in written:
        output.print(f"wrote {path}", markup=False)


@asynccontextmanager
async def _server(options: Options) -> AsyncIterator[tuple[str, Connect]]:
    """What is measured: the server that was named, a control, or a server of our own."""
    if options.url:
        yield options.url, connector(options.url, options.key)
    elif options.control:
        async with scripted_server(control_server(CONTROLS[options.control])) as url:
            yield f"control {options.control}", connector(url)
    else:
        screen.print("starting a server")
        async with local_server() as server:
            yield "voice-server serve", connector(server.url)


async def _greet(connect: Connect) -> None:
    """One session without a word: a server that cannot be reached is found before the first trial."""
    async with connect() as client:
        await client.start({})
        await client.end()


async def _check_controls(clips: list[Clip]) -> None:
    trials = short_plan(clips)
    good: list[str] = []
    for control in CONTROLS.values():
        with trials_shown(len(trials), control.name) as tell:
            run = await run_control(control, trials, tell)
        output.print(numbers_table(run.numbers, f"control {control.name}: has to miss {control.misses}"))
        if not looks_bad(control, run):
            good.append(control.name)
    output.print("all controls look bad" if not good else f"these do not look bad: {', '.join(good)}")
    if good:
        raise typer.Exit(FOUND_WANTING)
