"""Calls of tools by a model too small to know what a tool is: it goes on with a list of examples.

In the list one sentence of a user follows the other, each with the call that it needs, or "none"; a grammar
leaves the model no other words. The examples are lines in the descriptions of the tools, such as
`Example: Set a timer for two minutes. -> {"seconds":120}`. A tool without any is not offered: from
descriptions alone SmolLM2-135M chose right for 5 sentences of 12.

With the demo tools it was tried on 27 sentences, two of them among the examples. Of 16 that need a call, 13
got the right tool, 8 of them with the right arguments: it copies numbers and cannot reckon, so that "ten
minutes" is no 600 seconds, and it left out the time zone of Tokyo. Of 11 that need none, one got a call. With
fewer examples that need none, half of those were answered with calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, cycle, takewhile, zip_longest
from typing import Any

from voice_server.core.conversation import RUNNING, Message
from voice_server.core.tools import ToolCall, ToolSpec

MOST_EXAMPLES = 24
"""About 1 000 tokens with their answers: half of the default context."""
ROUTING_TOKENS = 96
INSTRUCTIONS = "Answer with the function that does what the user wants, or none."
NONE = "none"
NEEDING_NONE = (
    "Tell me a story about a fox.",
    "Who wrote Hamlet?",
    "Good morning!",
    "Turn on the radio.",
    "What is the largest planet?",
    "I would like a coffee.",
)
"""Chat, knowledge, and wishes that no tool fulfils."""

APOLOGY = "Sorry, that did not work: "
"""Before a tool's error that is read out."""

_SENDER = re.compile(r"\S+ has answered: ")
_FAILED = re.compile(r"^error: ", re.MULTILINE)
"""How `core.conversation` marks a late result, and `core.tool_calls` a failure."""
_EXAMPLE = re.compile(r"^\s*Example: *(.+?) *-> *(\{.*\})\s*$", re.MULTILINE)


def routed(tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
    """Those that can be offered: they have examples."""
    return tuple(tool for tool in tools if _examples(tool) and tool.name != NONE)


def routing_prompt(tools: Sequence[ToolSpec], said: str) -> tuple[Message, ...]:
    """The examples, each followed by a sentence that needs no call, and what the user has said."""
    shown: list[Message] = []
    for (wish, call), chat in zip(_calls(tools), cycle(NEEDING_NONE), strict=False):
        shown += [Message("user", wish), Message("assistant", call)]
        shown += [Message("user", chat), Message("assistant", NONE)]
    return (Message("system", INSTRUCTIONS), *shown, Message("user", said))


def without_calls(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The history for a model that does not know tools: what was called is left out, what was said stays."""
    said = [replace(message, calls=()) for message in messages if message.role != "tool"]
    return tuple(message for message in said if message.content or message.role == "user")


def results(messages: Sequence[Message]) -> tuple[str, ...]:
    """What there is to tell, where the last word is not a person's: results of tools, and other news."""
    latest = takewhile(lambda message: message.role in ("tool", "system"), reversed(messages[1:]))
    told = [message.content for message in latest if message.content != RUNNING]
    return tuple(_FAILED.sub(APOLOGY, _SENDER.sub("", text)) for text in reversed(told))


def routing_request(tools: Sequence[ToolSpec], *, must_call: bool = False) -> dict[str, Any]:
    """What llama.cpp is asked for beside the prompt: the likeliest choice of those that there are."""
    return {"grammar": _grammar(tools, must_call=must_call), "temperature": 0.0, "repeat_penalty": 1.0}


def chosen(text: str) -> ToolCall | None:
    """The call, if there is one in what the model wrote."""
    name, brace, arguments = text.partition("{")
    return ToolCall("", name, brace + arguments) if brace else None


def _calls(tools: Sequence[ToolSpec]) -> list[tuple[str, str]]:
    """A first example of each tool, a second one of each, and so on."""
    examples = [[(said, tool.name + given) for said, given in _examples(tool)] for tool in tools]
    rows = chain.from_iterable(zip_longest(*examples))
    return [row for row in rows if row][:MOST_EXAMPLES]


def _examples(tool: ToolSpec) -> list[tuple[str, str]]:
    return list(_well_formed(_EXAMPLE.findall(tool.description)))


def _well_formed(examples: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for said, given in examples:
        try:
            arguments = json.loads(given)
        except ValueError:
            continue
        yield said, json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def _grammar(tools: Sequence[ToolSpec], *, must_call: bool) -> str:
    """In the language of llguidance, which llama.cpp takes where a grammar begins so."""
    choices = [] if must_call else [json.dumps(NONE)]
    choices += [f"{json.dumps(tool.name)} a{n}" for n, tool in enumerate(tools)]
    rules = [f"a{n}: %json {_compact(tool.parameters)}" for n, tool in enumerate(tools)]
    return "\n".join(["%llguidance {}", f"start: {' | '.join(choices)}", *rules, ""])


def _compact(schema: str) -> str:
    return json.dumps({"x-guidance": {"whitespace_flexible": False}, **json.loads(schema)})
