"""Rows about the fields of a message or a section, from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator

from voice_server.protocol.schema import Outline, Schema
from voice_server.reference.markdown import code

LINKED = {"Config": "[config](#config)"}
"""Objects with a section of their own, by the name of their class."""


def rows(outline: Outline, owner: Schema, prefix: str = "") -> Iterator[list[str]]:
    """Field, what it may be, whether it is there, meaning; the fields of an object follow it."""
    for name, written in owner.get("properties", {}).items():
        if name == "type":
            continue
        schema = outline.resolve(written)
        link = LINKED.get(schema.get("title", ""))
        meaning = schema.get("description", "") + (f" See {link}." if link else "")
        yield [code(prefix + name), outline.phrase(schema), presence(owner, name, written), meaning]
        if not link:
            inner, mark = (outline.resolve(schema["items"]), "[].") if "items" in schema else (schema, ".")
            yield from rows(outline, inner, f"{prefix}{name}{mark}")


def presence(owner: Schema, name: str, written: Schema) -> str:
    """Whether a field is there, and what it counts as if not."""
    if name in owner.get("required", ()):
        return "always"
    default = written.get("default")
    if default is None or default == {}:
        return "may be absent"
    return f"absent: {code(json.dumps(default))}"
