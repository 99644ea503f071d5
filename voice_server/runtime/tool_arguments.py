"""Whether the arguments of a call are JSON and fit the tool's schema.

Schemas come from clients: nothing is fetched for them, and their regular expressions, which can hold up a
whole server, are for the model to read and are not run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from voice_server.core.tools import ToolCall, ToolSpec

SHOWN_CHARS = 200
_NOT_RUN = ("pattern", "patternProperties", "format")
_Validator: Any = extend(Draft202012Validator, {name: lambda *_: () for name in _NOT_RUN})  # type: ignore[no-untyped-call]


def problem_with(call: ToolCall, specs: Sequence[ToolSpec]) -> str | None:
    """What is wrong with the arguments, for the model to mend; None: nothing, or the tool is not known."""
    spec = next((spec for spec in specs if spec.name == call.name), None)
    if spec is None:
        return None
    try:
        arguments = json.loads(call.arguments, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return f"the arguments of {call.name} are not JSON: {error}"
    if not isinstance(arguments, dict):
        return f"the arguments of {call.name} must be one JSON object"
    return _misfit(call.name, arguments, spec.parameters)


def _misfit(name: str, arguments: dict[str, Any], parameters: str) -> str | None:
    try:
        error = best_match(_validator(parameters).iter_errors(arguments))
    except (RecursionError, Unresolvable) as broken:
        return f"the schema of {name} cannot be used: {broken}"
    return f"the arguments of {name} do not fit its schema: {_shown(error)}" if error else None


@lru_cache(maxsize=256)
def _validator(parameters: str) -> Draft202012Validator:
    validator: Draft202012Validator = _Validator(json.loads(parameters), registry=Registry())
    return validator


def _shown(error: ValidationError | SchemaError) -> str:
    message = error.message if len(error.message) <= SHOWN_CHARS else f"{error.message[:SHOWN_CHARS]}…"
    place = ".".join(str(step) for step in error.absolute_path)
    return f"{place}: {message}" if place else message


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
