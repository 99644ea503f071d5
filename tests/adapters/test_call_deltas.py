"""Putting together the calls that servers stream, each in its own way."""

from __future__ import annotations

from typing import Any

import pytest

from voice_server.adapters.call_deltas import CallDeltas
from voice_server.core.tools import ToolCall


def delta(index: int | None = None, id: str | None = None, **function: Any) -> dict[str, Any]:
    return {"index": index, "id": id, "type": "function", "function": function}


def together(*deltas: Any) -> list[ToolCall]:
    calls = CallDeltas()
    for each in deltas:
        calls.add(each)
    return calls.finished()


def test_a_call_in_pieces() -> None:
    pieces = [[delta(0, "a", name="add", arguments="")], [delta(0, arguments='{"x":')], None]
    assert together(*pieces, [delta(0, arguments=" 1}")]) == [ToolCall("a", "add", '{"x": 1}')]


def test_two_calls_that_come_mixed() -> None:
    first = [delta(1, "b", name="sub", arguments="{"), delta(0, "a", name="add", arguments="{")]
    then = [delta(0, arguments="0"), delta(1, arguments="1")]
    assert together(first, then) == [ToolCall("a", "add", "{0"), ToolCall("b", "sub", "{1")]


def test_without_an_index_an_id_begins_a_call() -> None:
    whole = [delta(None, "a", name="add", arguments="{}")], [delta(None, "b", name="sub", arguments="{")]
    calls = together(*whole, [delta(None, arguments="}")])
    assert calls == [ToolCall("a", "add", "{}"), ToolCall("b", "sub", "{}")]


def test_without_an_id_it_is_empty() -> None:
    assert together([delta(0, name="add", arguments="{}")]) == [ToolCall("", "add", "{}")]


@pytest.mark.parametrize(
    "junk", [None, "x", 5, {}, ["x"], [None], [{}], [{"function": "add"}], [{"function": {"name": 5}}]]
)
def test_what_has_no_form_is_no_call(junk: Any) -> None:
    assert together(junk) == []
    assert together(junk, [delta(0, "a", name="add", arguments="{}")])[-1].name == "add"
