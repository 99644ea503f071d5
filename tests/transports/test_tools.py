"""Tools, context and written answers over a real WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.transports.caller import Caller, call
from tests.transports.house import open_house, scripted_models
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, Step, in_turn
from voice_server.core.tools import ToolCall
from voice_server.tools.declaring import FunctionTool, tool
from voice_server.tools.functions import FunctionTools

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "Says how the weather is.", "parameters": CITY}
OSLO = ToolCall("", "weather", '{"city":"Oslo"}')
SUNNY = "In Oslo the sun shines."
LONG = " ".join(["It is ten. The sun is shining."] * 10)


@asynccontextmanager
async def calling(
    *replies: str | Sequence[Step], at_server: Sequence[FunctionTool] = (), **config: Any
) -> AsyncIterator[tuple[Caller, ScriptedLanguageModel]]:
    """A session with the tool, whose model replies so."""
    model = ScriptedLanguageModel(in_turn(*replies))
    models = replace(scripted_models(), language_model=model, tools=FunctionTools(at_server))
    async with open_house(models) as house, call(house.url) as caller:
        await caller.start(**{"tools": [WEATHER], **config})
        yield caller, model


async def test_a_call_is_answered_and_its_result_spoken() -> None:
    async with calling([OSLO], SUNNY) as (caller, _):
        await caller.send({"type": "user.text", "text": "How is the weather in Oslo?"})
        called = await caller.next("tool.call")
        assert (called["name"], called["arguments"]) == ("weather", {"city": "Oslo"})
        first = await caller.next("response.done")
        assert (first["response"], first["text"]) == (called["response"], "")
        await caller.send({"type": "tool.result", "call": called["call"], "output": {"sky": "clear"}})
        second = await caller.next("response.done")
        assert (second["status"], second["heard"]) == ("completed", SUNNY)
        assert any(len(frame) > 12 for frame in caller.audio)


@pytest.mark.parametrize("call_id", ["call_1", "call_7"])
async def test_a_second_result_and_one_for_no_call_are_refused(call_id: str) -> None:
    async with calling([OSLO], SUNNY) as (caller, _):
        await caller.send({"type": "user.text", "text": "How is the weather in Oslo?"})
        called = await caller.next("tool.call")
        await caller.send({"type": "tool.result", "call": called["call"], "error": "no network"})
        await caller.send({"type": "tool.result", "call": call_id, "output": 1})
        error = await caller.next("error")
        assert (error["code"], error["field"], error["fatal"]) == ("bad_field", "call", False)
        assert call_id in error["message"]
        assert (await caller.next("response.done"))["status"] == "completed"


async def test_a_call_that_the_user_makes_useless_is_cancelled() -> None:
    async with calling([OSLO], SUNNY, tools=[{**WEATHER, "on_barge_in": "cancel"}]) as (caller, _):
        await caller.send({"type": "user.text", "text": "How is the weather in Oslo?"})
        called = await caller.next("tool.call")
        await caller.send({"type": "interrupt"})
        assert (await caller.next("tool.cancelled"))["call"] == called["call"]


async def test_a_tool_of_the_server_is_offered_to_every_session_and_no_client_sees_it() -> None:
    @tool
    async def clock() -> str:
        """Says what time it is."""
        return "ten"

    async with calling([ToolCall("", "clock", "{}")], "It is ten.", at_server=[clock]) as (caller, model):
        await caller.send({"type": "user.text", "text": "What time is it?"})
        assert (await caller.next("response.done"))["text"] == ""
        assert (await caller.next("response.done", "tool.call"))["heard"] == "It is ten."
        (_, options), (messages, _) = model.requests
        assert [spec.name for spec in options.tools] == ["clock", "weather"]
        assert messages[-1].content == "ten"


async def test_a_client_cannot_take_the_name_of_a_tool_of_the_server() -> None:
    @tool
    async def weather() -> str:
        """Says how the weather is."""
        return "sunny"

    async with calling("Yes.", at_server=[weather], tools=[]) as (caller, _):
        await caller.send({"type": "session.update", "config": {"tools": [WEATHER]}})
        error = await caller.next("error")
        assert (error["code"], error["field"]) == ("bad_field", "config.tools.0.name")


async def test_context_ends_the_clause_and_is_spoken_about() -> None:
    async with calling(LONG, "The bell has rung.") as (caller, model):
        await caller.send({"type": "user.text", "text": "Tell me something."})
        await caller.hears()
        await caller.send({"type": "context.add", "text": "The bell rings."})
        stop = await caller.next("response.stop")
        assert stop["reason"] == "replaced"
        first = await caller.next("response.done")
        assert (first["status"], first["heard"]) == ("interrupted", "It is ten.")
        second = await caller.next("response.done")
        assert (second["status"], second["heard"]) == ("completed", "The bell has rung.")
        assert [message.content for message in model.requests[-1][0][-2:]] == [
            "It is ten.",
            "The bell rings.",
        ]


async def test_context_may_be_known_and_not_spoken_about() -> None:
    async with calling("Yes.") as (caller, model):
        await caller.send({"type": "context.add", "text": "The bell rings.", "speak": "never"})
        await caller.answered("Did the bell ring?")
        assert [message.content for message in model.requests[0][0][1:]] == [
            "The bell rings.",
            "Did the bell ring?",
        ]
        assert len(model.requests) == 1


async def test_a_session_without_sound_in_either_direction() -> None:
    async with calling("It is ten.", audio={"output": False}) as (caller, _):
        done = await caller.answered("What time is it?")
        assert (done["status"], done["text"], done["heard"]) == ("completed", "It is ten.", "It is ten.")
        assert caller.audio == []


async def test_sound_may_be_switched_off_and_on() -> None:
    async with calling("It is ten.") as (caller, _):
        await caller.send({"type": "session.update", "config": {"audio": {"output": False}}})
        assert (await caller.next("session.updated"))["config"]["audio"]["output"] is False
        await caller.answered("What time is it?")
        assert caller.audio == []
        await caller.send({"type": "session.update", "config": {"audio": {"output": True}}})
        await caller.answered("What time is it?")
        assert caller.audio


async def test_a_filler_is_said_while_a_slow_tool_runs() -> None:
    filler = {"text": "One moment, please.", "after_ms": 100}
    async with calling([OSLO], SUNNY, filler=filler) as (caller, _):
        await caller.send({"type": "user.text", "text": "How is the weather in Oslo?"})
        called = await caller.next("tool.call")
        assert (await caller.next("response.done"))["text"] == ""
        assert (await caller.next("response.done"))["heard"] == "One moment, please."
        await caller.send({"type": "tool.result", "call": called["call"], "output": "sunny"})
        assert (await caller.next("response.done"))["heard"] == SUNNY
