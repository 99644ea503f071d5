"""History and tools in OpenAI's form."""

from __future__ import annotations

import json

import pytest

from voice_server.adapters.chat_messages import chat_messages, chat_tools
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec


def test_what_was_said_and_called() -> None:
    call = ToolCall("c1", "add", '{"x": 1}')
    history = (
        Message("user", "Add one."),
        Message("assistant", "Let me see.", calls=(call,)),
        Message("tool", "2", call="c1"),
    )
    function = {"name": "add", "arguments": '{"x": 1}'}
    assert chat_messages(history) == [
        {"role": "user", "content": "Add one."},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [{"id": "c1", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "2", "tool_call_id": "c1"},
    ]


@pytest.mark.parametrize("arguments", ["", "one", "[1]", '{"x": 1', "null"])
def test_arguments_that_are_no_object_are_put_into_one(arguments: str) -> None:
    call = ToolCall("c1", "add", arguments)
    asked, _ = chat_messages([Message("assistant", "", calls=(call,)), Message("tool", "2", call="c1")])
    (sent,) = asked["tool_calls"]
    assert json.loads(sent["function"]["arguments"]) == {"unreadable": arguments}


def test_a_call_without_a_result_is_left_out() -> None:
    one, other = ToolCall("c1", "add", "{}"), ToolCall("c2", "add", "{}")
    history = [
        Message("user", "Add."),
        Message("assistant", "", calls=(one, other)),
        Message("tool", "2", call="c2"),
        Message("assistant", "", calls=(ToolCall("c3", "add", "{}"),)),
        Message("user", "Well?"),
    ]
    sent = chat_messages(history)
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]
    assert [call["id"] for call in sent[1]["tool_calls"]] == ["c2"]


def test_what_was_said_with_a_call_that_is_left_out_stays() -> None:
    asked = Message("assistant", "Let me see.", calls=(ToolCall("c1", "add", "{}"),))
    assert chat_messages([asked]) == [{"role": "assistant", "content": "Let me see."}]


@pytest.mark.parametrize(
    "before",
    [
        (),
        (Message("user", "Add."),),
        (Message("assistant", "", calls=(ToolCall("c2", "add", "{}"),)),),
        (Message("assistant", "", calls=(ToolCall("c1", "add", "{}"),)), Message("user", "Well?")),
    ],
)
def test_a_result_that_follows_no_call_of_it_is_text(before: tuple[Message, ...]) -> None:
    sent = chat_messages([*before, Message("tool", "2", call="c1"), Message("user", "Thanks.")])
    assert not any("tool_calls" in message for message in sent)
    assert sent[-2:] == [
        {"role": "system", "content": "A tool has answered: 2"},
        {"role": "user", "content": "Thanks."},
    ]


def test_a_call_is_answered_once() -> None:
    asked = Message("assistant", "", calls=(ToolCall("c1", "add", "{}"),))
    sent = chat_messages([asked, Message("tool", "2", call="c1"), Message("tool", "3", call="c1")])
    assert [message["role"] for message in sent] == ["assistant", "tool", "system"]


def test_tools() -> None:
    schema = '{"type":"object","properties":{"x":{"type":"integer"}}}'
    assert chat_tools([ToolSpec("add", "Add it.", schema)]) == [
        {
            "type": "function",
            "function": {"name": "add", "description": "Add it.", "parameters": json.loads(schema)},
        }
    ]


def test_what_utf8_cannot_hold_is_replaced_everywhere() -> None:
    call = ToolCall("c1", "add", '{"x": "\ud83d"}')
    sent = chat_messages([Message("assistant", "", calls=(call,)), Message("tool", "\ud83d", call="c1")])
    tools = chat_tools([ToolSpec("add", "\ud83d", "{}")])
    written = json.dumps([sent, tools], ensure_ascii=False).encode()
    assert written.count(b"?") == 3
