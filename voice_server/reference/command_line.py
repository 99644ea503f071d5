"""The generated region of `command-line.md`, from the commands themselves.

Typer carries its own copy of click and exports no type of it: commands and parameters are `Any` here.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from voice_server.reference.markdown import code, table


def command_line_regions(root: Any) -> Mapping[str, str]:
    """By name of the region. `root`: the whole program, as `typer.main.get_command` gives it."""
    return {"commands": "\n\n".join(_sections(root, "voice-server"))}


def _sections(command: Any, path: str) -> Iterator[str]:
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield _section(command, path)
    for name, subcommand in subcommands.items():
        if not subcommand.hidden:
            yield from _sections(subcommand, f"{path} {name}")


def _section(command: Any, path: str) -> str:
    context = command.context_class(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    records = [record for each in command.params if (record := each.get_help_record(context))]
    parts = [f"## `{path}`", code(usage), inspect.cleandoc(command.help or "")]
    if records:
        parts.append(
            table(("argument", "meaning"), [(code(name), " ".join(about.split())) for name, about in records])
        )
    return "\n\n".join(parts)
