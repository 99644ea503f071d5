"""A models directory of a test, with a list of its own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from voice_server.errors import ModelFileError
from voice_server.model_files.catalogue import load_catalogue
from voice_server.model_files.fetch import fetch_model

Tables = dict[str, Any]


def file_table(name: str, content: bytes, *parts: Tables) -> Tables:
    """A `[[model.file]]` table for this content."""
    digest = hashlib.sha256(content).hexdigest()
    return {"name": name, "size_bytes": len(content), "sha256": digest, "parts": list(parts)}


def model_table(name: str, *files: Tables, default: bool = True) -> Tables:
    """A `[[model]]` table with these files."""
    about = {"use": "tests", "licence": "MIT", "upstream": "nobody", "measured": "not measured"}
    return {"name": name, "default": default, **about, "file": list(files)}


@dataclass(frozen=True)
class Shelf:
    """A models directory."""

    directory: Path

    def write_list(self, *models: Tables) -> None:
        """Make these models the list of the directory."""
        self.directory.mkdir(exist_ok=True)
        (self.directory / "models.toml").write_text(f"model = {_toml(list(models))}\n", encoding="utf-8")

    def fetch(self, name: str = "tiny") -> list[tuple[str, int, int | None]]:
        """Fetch a model of the list; what was reported meanwhile."""
        reported: list[tuple[str, int, int | None]] = []
        model = load_catalogue(self.directory).named(name)
        fetch_model(model, self.directory, lambda *progress: reported.append(progress))
        return reported

    def refusal(self) -> str:
        """What a fetch that must fail says."""
        with pytest.raises(ModelFileError) as raised:
            self.fetch()
        return str(raised.value)

    def kept(self) -> set[str]:
        """Every file below, but for the list and the lock."""
        paths = (
            p for p in self.directory.rglob("*") if p.is_file() and p.name not in ("models.toml", "lock")
        )
        return {str(path.relative_to(self.directory)) for path in paths}

    def content(self, path: str) -> bytes:
        """The bytes of a file below."""
        return (self.directory / path).read_bytes()


def _toml(value: object) -> str:
    """A value as TOML on one line. JSON's strings, numbers and booleans are TOML's."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
