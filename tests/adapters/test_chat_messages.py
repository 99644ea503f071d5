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
    (message,) = chat_messages([Message("assistant", "", calls=(ToolCall("c1", "add", arguments),))])
    (sent,) = message["tool_calls"]
    assert json.loads(sent["function"]["arguments"]) == {"unreadable": arguments}


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
    sent = chat_messages([Message("tool", "\ud83d", call="c1"), Message("assistant", "", calls=(call,))])
    tools = chat_tools([ToolSpec("add", "\ud83d", "{}")])
    written = json.dumps([sent, tools], ensure_ascii=False).encode()
    assert written.count(b"?") == 3
