"""The package's own source, parsed, for the tests of its shape."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file of the package; `path` is relative to the repository: `voice_server/core/turns.py`."""

    path: str
    text: str
    tree: ast.Module

    def is_in(self, *places: str) -> bool:
        """Whether it is one of these files, or below one of these directories (which end in a slash)."""
        return any(
            self.path == place or (place.endswith("/") and self.path.startswith(place)) for place in places
        )

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def at(self, node: ast.AST) -> str:
        """`voice_server/core/turns.py:12 name`, for a message."""
        name = getattr(node, "name", None) or ""
        return f"{self.path}:{getattr(node, 'lineno', 1)} {name}".rstrip()


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every module of the package."""
    files = sorted((REPOSITORY / "voice_server").rglob("*.py"))
    texts = {str(file.relative_to(REPOSITORY)): file.read_text(encoding="utf-8") for file in files}
    return tuple(Module(path, text, ast.parse(text)) for path, text in texts.items())
