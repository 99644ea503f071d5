"""The question that a small model is asked instead of being given tools."""

from __future__ import annotations

import json

import pytest

from voice_server.adapters.call_routing import (
    MOST_EXAMPLES,
    NEEDING_NONE,
    chosen,
    results,
    routed,
    routing_prompt,
    routing_request,
    without_calls,
)
from voice_server.core.conversation import Conversation, Message
from voice_server.core.tools import ToolCall, ToolSpec

SCHEMA = '{"type":"object","properties":{"x":{"type":"integer"}}}'


def tool(name: str, *examples: str) -> ToolSpec:
    return ToolSpec(name, "\n".join([f"Do {name}.", *(f"  Example: {each}" for each in examples)]), SCHEMA)


ADD = tool("add", 'Add one. -> {"x": 1}', 'Add two. -> {"x": 2}')
RING = tool("ring", "Ring the bell! -> {}")


def test_only_tools_with_examples_are_offered() -> None:
    broken = tool("broken", "Break it. -> x", "Break it. -> {x}", "Break it.")
    assert routed([ADD, tool("bare"), broken, tool("none", "No. -> {}"), RING]) == (ADD, RING)


def test_examples_take_turns_and_each_is_followed_by_a_sentence_that_needs_no_call() -> None:
    system, *shown, last = routing_prompt([ADD, RING], "Add five.")
    assert system.role == "system"
    assert last == Message("user", "Add five.")
    users, answers = shown[::2], shown[1::2]
    assert {message.role for message in users} == {"user"}
    assert [message.content for message in users[::2]] == ["Add one.", "Ring the bell!", "Add two."]
    assert [message.content for message in answers[::2]] == ['add{"x":1}', "ring{}", 'add{"x":2}']
    assert [message.content for message in users[1::2]] == list(NEEDING_NONE[:3])
    assert {message.content for message in answers[1::2]} == {"none"}


def test_there_are_only_so_many_examples() -> None:
    many = [tool(f"t{n}", *(f"Do {k}. -> {{}}" for k in range(5))) for n in range(20)]
    assert len(routing_prompt(many, "Do.")) == 2 + 4 * MOST_EXAMPLES


def test_the_grammar_leaves_only_the_tools_or_none() -> None:
    grammar = routing_request([ADD, RING])["grammar"]
    first, start, rule, _ = grammar.splitlines()
    assert first == "%llguidance {}"
    assert start == 'start: "none" | "add" a0 | "ring" a1'
    assert rule.startswith("a0: %json {")
    assert json.loads(rule.removeprefix("a0: %json "))["properties"] == {"x": {"type": "integer"}}


def test_a_call_can_be_demanded() -> None:
    start = routing_request([ADD, RING], must_call=True)["grammar"].splitlines()[1]
    assert start == 'start: "add" a0 | "ring" a1'


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('add{"x":1}', ToolCall("", "add", '{"x":1}')),
        ("ring{}", ToolCall("", "ring", "{}")),
        ('add{"x":', ToolCall("", "add", '{"x":')),
        ("none", None),
        ("", None),
    ],
)
def test_what_was_chosen(text: str, call: ToolCall | None) -> None:
    assert chosen(text) == call


CALLS = (ToolCall("1", "add", "{}"), ToolCall("2", "ring", "{}"))
HISTORY = (
    Message("system", "Be brief."),
    Message("user", "Add and ring."),
    Message("assistant", "Yes.", calls=CALLS[:1]),
    Message("assistant", "", calls=CALLS[1:]),
    Message("tool", "2", call="1"),
    Message("tool", "It rang.", call="2"),
)


def test_results_that_nobody_has_spoken_of() -> None:
    assert results(HISTORY) == ("2", "It rang.")
    assert results((*HISTORY, Message("assistant", "Two."))) == ()
    assert results(HISTORY[:2]) == results(HISTORY[:1]) == results(()) == ()


def test_news_as_the_history_holds_it_is_told_without_its_marks() -> None:
    history = Conversation("Be brief.")
    history.user_said("Ring, add and go.")
    history.assistant_said("", calls=(*CALLS, ToolCall("3", "go", "{}")))
    history.tool_answered("1", "add", "error: no number")
    history.tool_answered("3", "go", "Gone.")
    assert results(history.prompt()) == ("Sorry, that did not work: no number", "Gone.")
    history.assistant_said("Gone.")
    history.tool_answered("2", "ring", "It rang.")
    history.learnt("Your parcel is there.")
    assert results(history.prompt()) == ("It rang. Your parcel is there.",)


def test_a_history_without_its_calls() -> None:
    said = (*HISTORY, Message("assistant", "Two."), Message("user", ""))
    assert without_calls(said) == (
        Message("system", "Be brief."),
        Message("user", "Add and ring."),
        Message("assistant", "Yes."),
        Message("assistant", "Two."),
        Message("user", ""),
    )
