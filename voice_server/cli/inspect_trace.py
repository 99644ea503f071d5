"""`voice-server inspect`: a captured session as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voice_server.errors import ConfigurationError


def inspect(
    trace: Annotated[Path, typer.Argument(help="A captured session.", metavar="TRACE.jsonl")],
    html: Annotated[
        Path | None, typer.Option(help="The page. Default: beside the trace.", metavar="FILE")
    ] = None,
) -> None:
    """Draw a captured session: what was said, heard, decided and sent, on one time axis.

    One self-contained HTML file: both waveforms, who had the floor, words, tokens, clauses, stops, every
    message, and the waterfall of each turn. `serve --capture DIR` captures sessions.
    """
    from voice_server.observing.trace_file import read_trace
    from voice_server.replaying.page_writer import page_of
    from voice_server.replaying.picture import picture_of

    file = html or trace.with_suffix(".html")
    page = page_of(picture_of(read_trace(trace)))
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from None
    print(f"wrote {file} ({len(page) / 1e6:.1f} MB)")
