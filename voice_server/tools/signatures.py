"""The arguments of a function as data: read from JSON, checked against its hints, described by a schema."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import field, make_dataclass
from typing import Any, get_type_hints

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from voice_server.errors import ConfigurationError, ToolError

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Arguments:
    """What a function takes. Raises ConfigurationError where that cannot be told from its type hints.

    `texts` describe parameters that say nothing of themselves in an `Annotated[…, Field(description=…)]`.
    """

    def __init__(self, function: Callable[..., object], texts: Mapping[str, str]) -> None:
        name = getattr(function, "__name__", "tool")
        try:
            self._adapter = TypeAdapter[Any](_fields(function, name))
            schema = self._adapter.json_schema()
        except (PydanticUserError, NameError, TypeError) as error:
            raise ConfigurationError(
                f"the tool {name} has a type hint that cannot be used: {error}"
            ) from error
        self.schema: str = json.dumps(_plain(schema, texts), ensure_ascii=False, separators=(",", ":"))
        """JSON Schema, as compact JSON text."""

    def read(self, text: str) -> dict[str, Any]:
        """The arguments of a call, by name. Raises ToolError in words that help the model to mend them."""
        try:
            return dict(vars(self._adapter.validate_json(text or "{}")))
        except ValidationError as error:
            wrong = "; ".join(_complaint(details["loc"], details["msg"]) for details in error.errors())
            raise ToolError(f"the arguments do not fit: {wrong}") from None


def _complaint(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(step) for step in place)
    return f"{where}: {message}" if where else message


def _fields(function: Callable[..., object], name: str) -> type[Any]:
    """A dataclass with a field for each parameter."""
    hints = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    fields = [(p.name, _hint(p, hints, name), _default(p)) for p in parameters]
    made = make_dataclass(name, fields, kw_only=True)
    return checked(made, config=ConfigDict(extra="forbid", arbitrary_types_allowed=False))


def _hint(parameter: inspect.Parameter, hints: Mapping[str, Any], name: str) -> Any:
    if parameter.kind not in _BY_NAME:
        raise ConfigurationError(f"the tool {name} takes {parameter}: a model names each argument")
    if parameter.name not in hints:
        raise ConfigurationError(f"the tool {name} needs a type hint for its parameter {parameter.name!r}")
    return hints[parameter.name]


def _default(parameter: inspect.Parameter) -> Any:
    if parameter.default is parameter.empty:
        return field()
    if isinstance(parameter.default, Hashable):
        return field(default=parameter.default)
    return field(default_factory=lambda: parameter.default)  # a dataclass takes nothing mutable


def _plain(schema: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Without the titles that pydantic makes of names, and with the texts."""
    bare: dict[str, Any] = _untitled(schema)
    properties = bare.setdefault("properties", {})
    for name, text in texts.items():
        if name in properties and text:
            properties[name].setdefault("description", text)
    return bare


def _untitled(schema: Any) -> Any:
    """A property may itself be called `title`: then it is an object, and stays."""
    if isinstance(schema, list):
        return [_untitled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {k: _untitled(v) for k, v in schema.items() if not (k == "title" and isinstance(v, str))}
