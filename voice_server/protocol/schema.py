"""What belongs in a place of a message, in words: read off the message types' own JSON schema.

Error messages and the reference use the same words, so neither can drift from the types.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

Schema = dict[str, Any]


class Outline:
    """The JSON schema of a tagged union (of messages) or of one model (the settings)."""

    def __init__(self, adapter: TypeAdapter[Any]) -> None:
        self.root: Schema = adapter.json_schema()
        messages = [self.resolve(choice) for choice in self.root.get("oneOf", ())]
        self._messages: dict[str, Schema] = {m["properties"]["type"]["const"]: m for m in messages}

    @property
    def tags(self) -> tuple[str, ...]:
        """Every `type`, in the order of the union."""
        return tuple(self._messages)

    def message(self, tag: str) -> Schema:
        """The schema of the message with this `type`."""
        return self._messages[tag]

    def resolve(self, schema: Schema) -> Schema:
        """Without references and without `or null`. Keeps the description that the field itself has."""
        for choice in schema.get("anyOf", ()):
            if choice.get("type") != "null":
                return self.resolve(_described(choice, schema))
        if "$ref" in schema:
            target = self.root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
            return self.resolve(_described(target, schema))
        return schema

    def at(self, schema: Schema, path: Sequence[str | int]) -> Schema:
        """The schema of the place at `path`, or an empty one where anything goes."""
        for step in path:
            schema = self.resolve(schema)
            inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
            schema = inner or {}
        return self.resolve(schema)

    def phrase(self, schema: Schema) -> str:
        """What the schema allows, as in "a number from 0 to 1"."""
        schema = self.resolve(schema)
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return "one of " + ", ".join(json.dumps(value) for value in schema["enum"])
        match schema.get("type"):
            case "string":
                return _string(schema)
            case "integer":
                return "a whole number" + _range(schema)
            case "number":
                return "a number" + _range(schema)
            case "boolean":
                return "true or false"
            case "array":
                return _array(schema)
            case "object":
                return "an object"
            case _:
                return "any JSON value"


def _described(schema: Schema, by: Schema) -> Schema:
    return {**schema, "description": by["description"]} if "description" in by else schema


def _string(schema: Schema) -> str:
    if "pattern" in schema:
        return f"a string that matches `{schema['pattern']}`"
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if high is None:
        return "a string that is not empty" if low else "a string"
    return f"a string of {low} to {high} characters" if low else f"a string of at most {high} characters"


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    if high is None:
        return f" of {low} or more"
    return f" from {low} to {high}"


def _array(schema: Schema) -> str:
    return f"a list of at most {schema['maxItems']}" if "maxItems" in schema else "a list"
