"""What a benchmark shows while it runs, and where its recordings are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import voice_server
from voice_server.bench.running import Result
from voice_server.bench.statistics import NEVER
from voice_server.cli.termination import ended_by_sigterm
from voice_server.errors import ConfigurationError, LinkError

BAD_INPUT = 2
INTERRUPTED = 130
FOUND_WANTING = 1

FILE_WIDTH = 130
"""Columns of a table that goes into a file or a pipe, which have no width of their own."""

screen = Console(stderr=True, highlight=False, soft_wrap=True)
output = Console(highlight=False, width=None if sys.stdout.isatty() else FILE_WIDTH)

T = TypeVar("T")


RECORDINGS = Path(voice_server.__file__).parent.parent / "tests" / "audio"
"""The recordings of the checkout."""

Recordings = Annotated[
    Path,
    typer.Option(
        "--audio",
        help="Directory of recordings with a manifest.jsonl.",
        show_default="tests/audio of the checkout",
        file_okay=False,
    ),
]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON.")]


@contextmanager
def trials_shown(count: int, title: str) -> Iterator[Callable[[Result], None]]:
    """A bar that is told of each trial as it is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen) as progress:
        bar = progress.add_task(title, total=count)

        def tell(result: Result) -> None:
            progress.console.print(f"  {result.suite:13} {result.clip:32} {short(result)}", markup=False)
            progress.advance(bar)

        yield tell


def short(result: Result) -> str:
    """One trial in a few words."""
    if result.error:
        return result.error
    if result.overlap:
        stop = "never" if result.overlap.stop_ms == NEVER else f"{result.overlap.stop_ms:.0f} ms"
        return f"{result.overlap.verdict}, stop {stop}" if result.overlap.valid else "no answer to speak over"
    if result.pauses:
        return f"{result.pauses.cut_off} of {result.pauses.pauses} pauses cut off"
    if result.turn is None or result.turn.gap_ms == NEVER:
        return "no answer"
    return f"turn gap {result.turn.gap_ms:.0f} ms"


def finished(work: Callable[[], Coroutine[Any, Any, T]], run: Callable[[Coroutine[Any, Any, T]], T]) -> T:
    """Run to the end. What the user can mend becomes one sentence and exit code 2."""
    try:
        return run(ended_by_sigterm(work()))
    except (ConfigurationError, LinkError) as error:
        screen.print(f"voice-server: {error}", markup=False)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
