"""The command line. Each subcommand is a module of `voice_server.cli`, registered here with one line.

A module that a subcommand needs and that is slow to import (models, web framework) is imported inside the
command's function, so that `voice-server --help` and the light commands stay quick.
"""

from __future__ import annotations

import sys

import typer

from voice_server.cli import bench, cluster, docs, inspect_trace, models, replay, serve, talk, tools
from voice_server.errors import VoiceServerError

app = typer.Typer(
    help="A full-duplex voice assistant server that people can interrupt.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve.serve)
app.command()(talk.talk)
app.command()(replay.replay)
app.command()(inspect_trace.inspect)
app.command()(cluster.cluster)
app.add_typer(bench.app, name="bench")
app.add_typer(models.app, name="models")
app.add_typer(tools.app, name="tools")
app.command(hidden=True)(docs.docs)


def main() -> None:
    """Run a subcommand. Exits 1, after one sentence, on an error that the user can mend."""
    try:
        app()
    except VoiceServerError as error:
        print(f"voice-server: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
