"""The page of `voice-server inspect`: one file, which needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

SCRIPTS = ("scale.js", "lanes.js", "timeline.js", "turns.js", "page.js")


def page_of(picture: Mapping[str, Any]) -> str:
    """The whole page as HTML."""
    data = json.dumps(picture, separators=(",", ":"))
    return (
        _part("page.html")
        .replace("/*STYLE*/", _part("page.css"))
        .replace("/*SCRIPT*/", "\n".join(_part(name) for name in SCRIPTS))
        .replace("/*DATA*/", data.replace("<", "\\u003c"))  # a message may hold "</script>" or "<!--"
    )


def _part(name: str) -> str:
    return files("voice_server.replaying").joinpath("page", name).read_text(encoding="utf-8")
