"""The generated region of `settings.md`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter

from voice_server.protocol.schema import Outline, Schema
from voice_server.reference.described import described
from voice_server.reference.markdown import code, table
from voice_server.section import Section
from voice_server.settings import NESTING, PREFIX, Settings


def settings_regions() -> Mapping[str, str]:
    """By name of the region."""
    outline = described(TypeAdapter(Settings), Section)
    return {"sections": "\n\n".join(_section(outline, name) for name in outline.root["properties"])}


def _section(outline: Outline, name: str) -> str:
    section = outline.at(outline.root, [name])
    fields = table(("field", "what", "default", "meaning"), _rows(outline, section))
    variables = f"Variables: `{PREFIX}{name.upper()}{NESTING}` and the field's name in capitals."
    return f"## `[{name}]`\n\n{section['description']}\n\n{fields}\n\n{variables}"


def _rows(outline: Outline, section: Schema) -> Iterator[list[str]]:
    for name, written in section["properties"].items():
        schema = outline.resolve(written)
        yield [code(name), outline.phrase(schema), _default(written), schema["description"]]


def _default(written: Schema) -> str:
    if "default" not in written:
        return ""  # made when it is needed: the meaning says how
    default = written["default"]
    return "none" if default in (None, []) else code(json.dumps(default))
