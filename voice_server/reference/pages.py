"""Every page with generated regions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voice_server.reference.command_line import command_line_regions
from voice_server.reference.markdown import fill
from voice_server.reference.protocol import protocol_regions
from voice_server.reference.settings import settings_regions


def rendered(directory: Path, root: Any) -> Iterator[tuple[Path, str]]:
    """Each page's file and its text with the regions written anew. `root`: the program's command."""
    pages = {
        "protocol.md": protocol_regions(),
        "settings.md": settings_regions(),
        "command-line.md": command_line_regions(root),
    }
    for name, regions in pages.items():
        file = directory / name
        yield file, fill(file.read_text(encoding="utf-8"), regions)
