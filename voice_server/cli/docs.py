"""`voice-server docs`: writes the generated parts of the reference. Hidden: for those who change the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[Path, typer.Option("--dir", help="Where the pages are.", file_okay=False)]
Check = Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if a page is stale.")]


def docs(context: typer.Context, directory: Directory = Path("docs/reference"), check: Check = False) -> None:
    """Write the generated parts of the reference anew."""
    from voice_server.reference.pages import rendered

    stale = [
        (file, text)
        for file, text in rendered(directory, context.find_root().command)
        if text != file.read_text(encoding="utf-8")
    ]
    for file, text in stale:
        if not check:
            file.write_text(text, encoding="utf-8")
        print(f"{file}: {'stale; run `make docs`' if check else 'written'}")
    if check and stale:
        raise typer.Exit(1)
