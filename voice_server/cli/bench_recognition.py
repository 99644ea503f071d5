"""`voice-server bench recognition`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from voice_server.bench.clips import load_clips
from voice_server.bench.plots import plotting
from voice_server.bench.recognition import KINDS, RecognitionReport, Setting, Transcript, measure
from voice_server.bench.recognition_views import plot_recognition, recognition_table
from voice_server.bench.records import write_json
from voice_server.cli.bench_screen import RECORDINGS, Json, Recordings, finished, output, screen
from voice_server.cli.models import Directory
from voice_server.cli.options import with_options
from voice_server.errors import ConfigurationError
from voice_server.model_files import locate
from voice_server.ports import Transcriber
from voice_server.runtime.inference import ThreadWorkers

MODELS = ("whisper-tiny.en", "whisper-base")
CONTEXTS_MS = (30_000, 12_000, 10_000, 8_000)
THREADS = (1,)


@dataclass(frozen=True)
class Options:
    """What to measure, and where to put it."""

    directory: Directory
    model: Annotated[
        list[str] | None,
        typer.Option(help="Only these; may be given more than once.", show_default="those that are there"),
    ] = None
    context_ms: Annotated[
        list[int] | None,
        typer.Option(min=2_000, max=30_000, help="What the encoder sees.", show_default="30, 12, 10, 8 s"),
    ] = None
    threads: Annotated[
        list[int] | None, typer.Option(min=1, help="For one transcription.", show_default="1")
    ] = None
    json_file: Json = None
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw the results.", file_okay=False)] = (
        None
    )
    audio: Recordings = RECORDINGS

    def settings(self) -> list[Setting]:
        """Every combination."""
        models = self.model or [name for name in MODELS if (self.directory / name).is_dir()] or MODELS[:1]
        combined = product(models, self.threads or THREADS, self.context_ms or CONTEXTS_MS)
        return [Setting(model, context_ms, threads) for model, threads, context_ms in combined]


@with_options(Options)
def recognition(options: Options) -> None:
    """Measure how long transcription takes, and how many words come out wrong, setting by setting.

    Two models and four contexts take about three minutes and 1 GB of memory. Run nothing else meanwhile.
    """
    report = finished(lambda: _measure(options), asyncio.run)
    output.print(recognition_table(report.outcomes))
    written: list[Path] = []
    if options.json_file:
        write_json(options.json_file, report.record())
        written.append(options.json_file)
    if options.plots:
        written.append(plot_recognition(report.outcomes, options.plots / "recognition.png"))
    for path in written:
        output.print(f"wrote {path}", markup=False)


async def _measure(options: Options) -> RecognitionReport:
    if options.plots:
        plotting()  # its absence should not be found out after three minutes
    settings, clips = options.settings(), load_clips(options.audio, KINDS)
    if not clips:
        raise ConfigurationError(f"{options.audio} has no recordings of these kinds: {', '.join(KINDS)}")
    workers = ThreadWorkers(1)
    try:
        with _shown(len(settings) * len(clips)) as tell:
            return await measure(_transcribers(options.directory, workers), settings, clips, tell)
    finally:
        workers.close()


def _transcribers(directory: Path, workers: ThreadWorkers) -> Callable[[Setting], Transcriber]:
    # A library that takes a second to import, and only here.
    from voice_server.adapters.stt_whisper import WhisperOptions, WhisperTranscriber

    def make(setting: Setting) -> Transcriber:
        how = WhisperOptions(threads=setting.threads, concurrent=1, min_context_ms=setting.context_ms)
        return WhisperTranscriber(locate(setting.model, directory), workers, how)

    return make


@contextmanager
def _shown(count: int) -> Iterator[Callable[[Setting, Transcript], None]]:
    """A bar that is told of each transcript as it is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen) as progress:
        bar = progress.add_task("", total=count)

        def tell(setting: Setting, transcript: Transcript) -> None:
            progress.update(bar, advance=1, description=str(setting))

        yield tell
