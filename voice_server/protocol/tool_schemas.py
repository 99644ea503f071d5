"""Tools as a client declares them and as the core knows them."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from voice_server.core.tools import ToolSpec
from voice_server.protocol.config import Tool

SHOWN_CHARS = 200


def schema_problem(schema: dict[str, Any]) -> str | None:
    """Why this cannot be the schema of a tool's arguments; None: it can. Nothing in it is fetched or run."""
    if schema.get("type", "object") != "object":
        return "expected a JSON Schema of the type object"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = ".".join(str(step) for step in error.absolute_path)
        return f"not a JSON Schema: {f'{place}: ' if place else ''}{error.message[:SHOWN_CHARS]}"
    except RecursionError:
        return "nested too deeply"
    return None


def spec_of(tool: Tool) -> ToolSpec:
    """For the core. A schema that does not say so is one of an object."""
    parameters = json.dumps({"type": "object", **tool.parameters}, ensure_ascii=False, separators=(",", ":"))
    return ToolSpec(tool.name, tool.description, parameters, tool.on_barge_in, tool.timeout_ms)


def tool_of(spec: ToolSpec) -> Tool:
    """As the client reads it back."""
    return Tool(
        name=spec.name,
        description=spec.description,
        parameters=json.loads(spec.parameters),
        on_barge_in=spec.on_barge_in,
        timeout_ms=spec.timeout_ms,
    )
