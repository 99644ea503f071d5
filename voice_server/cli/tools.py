"""`voice-server tools`: what the server's own tools are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The server's own tools.", no_args_is_help=True, rich_markup_mode="markdown")


@app.callback()
def tools() -> None:
    """The server's own tools."""  # a single command would otherwise take the name of the group


@app.command("list")
def list_tools(
    config: Annotated[
        Path | None, typer.Option(help="Settings in TOML; see docs/reference/settings.md", metavar="FILE")
    ] = None,
) -> None:
    """Show the name, description and arguments of each tool that the settings mount, as a model sees them."""
    from voice_server.server_tools import server_tools
    from voice_server.settings import load

    mounted = server_tools(load(config).tools)
    try:
        for spec in mounted.runner.specs:
            print(f"{spec.name}\n{_indented(spec.description)}\n{_indented(_laid_out(spec.parameters))}\n")
        if not mounted.runner.specs:
            print("There are no tools: set tools.demo, tools.modules or tools.mcp.")
    finally:
        mounted.close()


def _laid_out(schema: str) -> str:
    return json.dumps(json.loads(schema), indent=2, ensure_ascii=False)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
