"""Arguments as models write them, against schemas as clients write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.runtime.tool_arguments import SHOWN_CHARS, problem_with

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
}


def problem(arguments: str, schema: dict[str, Any] | None = None) -> str | None:
    spec = ToolSpec("weather", "", json.dumps(CITY if schema is None else schema))
    return problem_with(ToolCall("c", "weather", arguments), [spec])


@pytest.mark.parametrize("arguments", ['{"city": "Oslo"}', ' {"city":"","days":2}\n', '{"city": "日本"}'])
def test_what_fits_is_no_problem(arguments: str) -> None:
    assert problem(arguments) is None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("", "not JSON"),
        ('{"city":', "not JSON"),
        ("{'city': 'Oslo'}", "not JSON"),
        ('{"city": NaN}', "not JSON: NaN is no JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "one JSON object"),
        ('"Oslo"', "one JSON object"),
        ("null", "one JSON object"),
        ("{}", "'city' is a required property"),
        ('{"city": 7}', "city: 7 is not of type 'string'"),
        ('{"city": "Oslo", "days": 0}', "days: 0 is less than the minimum of 1"),
        ('{"city": "Oslo", "town": "Oslo"}', "'town' was unexpected"),
    ],
)
def test_what_does_not_fit_is_said_to_the_model(arguments: str, why: str) -> None:
    found = problem(arguments)
    assert found is not None
    assert why in found
    assert "weather" in found


def test_a_long_value_is_not_repeated_in_full() -> None:
    found = problem(json.dumps({"city": ["x" * 100_000]}))
    assert found is not None
    assert len(found) < SHOWN_CHARS + 100


def test_a_tool_that_is_not_known_has_no_arguments_to_be_judged() -> None:
    assert problem_with(ToolCall("c", "look", "{oops"), []) is None


def test_an_expression_that_would_run_for_ever_is_not_run() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string", "pattern": "^(a+)+$"}}}
    assert problem(json.dumps({"city": "a" * 5_000 + "!"}), schema) is None
    schema = {"type": "object", "patternProperties": {"^(a+)+$": {"type": "string"}}}
    assert problem(json.dumps({"a" * 5_000 + "!": 7}), schema) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/$defs/nothing"},
        {"properties": {"city": {"$ref": "file:///etc/hostname"}}},
        {"$ref": "#"},
    ],
    ids=["a page", "nothing", "a file", "itself"],
)
def test_a_schema_that_points_elsewhere_is_not_followed(schema: dict[str, Any]) -> None:
    found = problem('{"city": "Oslo"}', schema)
    assert found is not None
    assert "cannot be used" in found


def test_a_schema_may_point_into_itself() -> None:
    schema = {"properties": {"city": {"$ref": "#/$defs/name"}}, "$defs": {"name": {"type": "string"}}}
    assert problem('{"city": "Oslo"}', schema) is None
    assert problem('{"city": 7}', schema) is not None
