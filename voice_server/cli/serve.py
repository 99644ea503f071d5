"""`voice-server serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. Default: 8000")] = None,
    capture: Annotated[
        Path | None,
        typer.Option(help="Write every session down here; its client is told.", metavar="DIR"),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings in TOML; see docs/reference/settings.md", metavar="FILE")
    ] = None,
) -> None:
    """Start the server, with the web client at `/`.

    The models must be there: `voice-server models fetch` gets them. Everything else has a default.
    Ctrl-C tells the clients, and ends.
    """
    try:
        from voice_server.serving import run

        run(host, port, config, capture)
    except KeyboardInterrupt:  # once it listens, the server itself is told
        typer.echo("stopped before it listened", err=True)
