"""How functions become tools: the schema, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from voice_server.core.tools import ToolSpec
from voice_server.errors import ConfigurationError, ToolError
from voice_server.tools import tool


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Topping(BaseModel):
    title: str
    grams: int = 20


@tool(name="order-pizza", timeout_ms=500, on_barge_in="cancel")
def order(
    size: Size,
    toppings: list[Topping] | None = None,
    crust: Literal["thin", "thick"] = "thin",
    count: Annotated[int, Field(ge=1, le=10, description="How many.")] = 1,
) -> str:
    """Order a pizza.

    Args:
        size: How large.
        count: not this, for the hint says more.
    """
    return f"{count} {crust} {size.value} {[each.title for each in toppings or []]}"


def test_a_function_is_described_by_its_name_its_docstring_and_its_hints() -> None:
    spec = order.spec
    assert (spec.name, spec.description) == ("order-pizza", "Order a pizza.")
    assert (spec.timeout_ms, spec.on_barge_in) == (500, "cancel")
    schema = json.loads(spec.parameters)
    properties = schema["properties"]
    assert list(properties) == ["size", "toppings", "crust", "count"]
    assert schema["required"] == ["size"]
    assert schema["additionalProperties"] is False
    assert properties["size"]["description"] == "How large."
    assert properties["crust"] == {"default": "thin", "enum": ["thin", "thick"], "type": "string"}
    assert properties["count"] == {
        "default": 1,
        "description": "How many.",
        "maximum": 10,
        "minimum": 1,
        "type": "integer",
    }
    assert schema["$defs"]["Size"] == {"enum": ["small", "large"], "type": "string"}
    assert schema["$defs"]["Topping"]["properties"]["title"] == {"type": "string"}


def test_without_arguments() -> None:
    @tool
    def ring() -> None:
        """Ring the bell."""

    nothing = '{"additionalProperties":false,"properties":{},"type":"object"}'
    assert ring.spec == ToolSpec("ring", "Ring the bell.", nothing)
    assert ring.arguments.read("") == ring.arguments.read("{}") == {}


def test_what_is_read_has_the_types_of_the_hints_and_the_defaults() -> None:
    read = order.arguments.read('{"size":"large","toppings":[{"title":"egg"}]}')
    assert read == {
        "size": Size.LARGE,
        "toppings": [Topping(title="egg", grams=20)],
        "crust": "thin",
        "count": 1,
    }
    assert order(**read) == "1 thin large ['egg']"


def test_a_default_that_can_change_is_given_as_it_is() -> None:
    basket: list[str] = []

    @tool
    def add(to: list[str] = basket) -> None:
        """Add."""

    assert add.arguments.read("{}")["to"] is basket


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Paris", "the arguments do not fit: Invalid JSON"),
        ('{"size":"large"', "the arguments do not fit: Invalid JSON"),
        ("[]", "the arguments do not fit: .*object"),
        ("{}", "size: Field required"),
        ('{"size":"huge"}', "size: Input should be 'small' or 'large'"),
        ('{"size":"small","count":11}', "count: Input should be less than or equal to 10"),
        ('{"size":"small","toppings":[{"grams":1}]}', r"toppings\.0\.title: Field required"),
        ('{"size":"small","colour":"red"}', "colour: Unexpected keyword argument"),
    ],
)
def test_arguments_that_do_not_fit_are_explained(text: str, complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        order.arguments.read(text)


def unhinted(what) -> None:  # type: ignore[no-untyped-def]
    """Do."""


def unnamed(*what: str) -> None:
    """Do."""


def undocumented(what: str) -> None: ...


def unknown(what: Nothing) -> None:  # type: ignore[name-defined] # noqa: F821
    """Do."""


def unreadable(what: threading_lock) -> None:
    """Do."""


def stepwise() -> Iterator[str]:
    """Do."""
    yield "done"


class threading_lock:  # noqa: N801
    pass


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (unhinted, "unhinted needs a type hint for its parameter 'what'"),
        (unnamed, "unnamed takes \\*what.*: a model names each argument"),
        (undocumented, "undocumented needs a docstring"),
        (unknown, "unknown has a type hint that cannot be used: name 'Nothing'"),
        (unreadable, "unreadable has a type hint that cannot be used"),
        (stepwise, "stepwise is a generator: make it `async def`"),
    ],
)
def test_what_cannot_be_a_tool_is_refused(function: Callable[..., Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        tool(function)


@pytest.mark.parametrize("name", ["two words", "über", "x" * 65])
def test_names_are_those_that_models_take(name: str) -> None:
    with pytest.raises(ConfigurationError, match="a tool cannot be called"):
        tool(name=name)(order.function)
