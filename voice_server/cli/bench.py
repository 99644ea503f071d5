"""`voice-server bench`: the benchmarks."""

from __future__ import annotations

import typer

from voice_server.cli import bench_latency, bench_load, bench_recognition, bench_resume, bench_tune

app = typer.Typer(
    help="""The benchmarks: how fast turns are taken, under load, and how well speech is recognised.

    Every number comes with p50, p95 and how often it was measured. Compare within
    one run: machines are noisy.
    """,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.command("latency")(bench_latency.latency)
app.command("load")(bench_load.load)
app.command("recognition")(bench_recognition.recognition)
app.command("resume")(bench_resume.resume)
app.command("tune")(bench_tune.tune)
