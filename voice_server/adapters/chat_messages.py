"""The history and the tools in the form of OpenAI's chat completions, which llama.cpp takes as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from voice_server.core.conversation import Message, exchanges
from voice_server.core.tools import ToolCall, ToolSpec


def chat_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """As JSON objects, without the lone surrogates that JSON can bring in and UTF-8 cannot hold.

    Servers and templates want each call's result behind it, and no other. A client may have taken one of them
    out of the history: then a call is left out, and a result is text.
    """
    return [_chat_message(message) for exchange in exchanges(messages) for message in _paired(exchange)]


def chat_tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """What may be called."""
    return [_function(tool) for tool in tools]


def _paired(exchange: Sequence[Message]) -> Iterator[Message]:
    said, results = exchange[0], [message for message in exchange if message.call is not None]
    given = {result.call: result for result in reversed(results)}
    calls = tuple(call for call in said.calls if call.id in given)
    if said.call is None and (calls or said.content or not said.calls):
        yield replace(said, calls=calls)
    answers = [given[call.id] for call in calls]
    yield from answers
    for result in results:
        if result not in answers:
            yield Message("system", f"A tool has answered: {result.content}")


def _chat_message(message: Message) -> dict[str, Any]:
    chat: dict[str, Any] = {"role": message.role, "content": _encodable(message.content)}
    if message.calls:
        chat["tool_calls"] = [_tool_call(call) for call in message.calls]
    if message.call is not None:
        chat["tool_call_id"] = message.call
    return chat


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": _encodable(call.name), "arguments": _object(_encodable(call.arguments))}
    return {"id": call.id, "type": "function", "function": function}


def _object(arguments: str) -> str:
    """The arguments; what is no JSON object inside of one, for servers refuse a history that has such."""
    try:
        if isinstance(json.loads(arguments), dict):
            return arguments
    except ValueError:
        pass
    return json.dumps({"unreadable": arguments})


def _function(tool: ToolSpec) -> dict[str, Any]:
    schema = json.loads(_encodable(tool.parameters))
    description = _encodable(tool.description)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": description, "parameters": schema},
    }


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()
