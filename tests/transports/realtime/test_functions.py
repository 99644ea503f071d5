"""Functions of the client: called, answered, and spoken about when the client asks for that."""

from __future__ import annotations

from dataclasses import replace

from tests.transports.house import open_house, scripted_models
from tests.transports.realtime.visitor import Visitor, visit
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, in_turn
from voice_server.core.tools import ToolCall

TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "The time in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def knowing_the_time() -> ScriptedLanguageModel:
    return ScriptedLanguageModel(in_turn([ToolCall("", "get_time", '{"city":"Oslo"}')], "It is noon."))


async def ask_the_time(visitor: Visitor) -> None:
    await visitor.next("session.created")
    await visitor.update(tools=[TOOL], output_modalities=["text"])
    await visitor.says("What time is it in Oslo?")
    await visitor.send("response.create")


async def test_the_one_that_has_to_be_called_is_the_only_one_that_the_model_may() -> None:
    other = {**TOOL, "name": "get_weather"}
    model = ScriptedLanguageModel(in_turn([ToolCall("", "get_time", '{"city":"Oslo"}')], "Hm."))
    async with open_house(replace(scripted_models(), language_model=model)) as house, visit(house) as visitor:
        await visitor.next("session.created")
        await visitor.update(tools=[TOOL, other], output_modalities=["text"])
        demanded = {"type": "function", "name": "get_time"}
        await visitor.send("response.create", response={"tool_choice": demanded})
        await visitor.next("response.done")
        await visitor.send("response.create")
        await visitor.next("response.done")
    offered = [([tool.name for tool in options.tools], options.must_call) for _, options in model.requests]
    assert offered == [(["get_time"], True), (["get_time", "get_weather"], False)]


async def test_a_function_is_called_and_its_result_is_spoken_about_when_asked_for() -> None:
    model = knowing_the_time()
    async with open_house(replace(scripted_models(), language_model=model)) as house, visit(house) as visitor:
        await ask_the_time(visitor)
        called = await visitor.next("response.function_call_arguments.done")
        assert (called["name"], called["arguments"]) == ("get_time", '{"city":"Oslo"}')
        done = (await visitor.next("response.done"))["response"]
        assert [item["type"] for item in done["output"]] == ["function_call"]
        assert done["status"] == "completed"
        output = {"type": "function_call_output", "call_id": called["call_id"], "output": "noon"}
        await visitor.send("conversation.item.create", item=output)
        await visitor.send("response.create")
        done = (await visitor.next("response.done"))["response"]
        assert done["output"][0]["content"][0]["text"] == "It is noon."
    prompt = [(message.role, message.content) for message in model.requests[-1][0]]
    assert ("tool", "noon") in prompt
    assert prompt[1] == ("user", "What time is it in Oslo?")


async def test_a_function_call_is_deleted_and_its_output_stays() -> None:
    model = knowing_the_time()
    async with open_house(replace(scripted_models(), language_model=model)) as house, visit(house) as visitor:
        await ask_the_time(visitor)
        (item,) = (await visitor.next("response.done"))["response"]["output"]
        output = {"type": "function_call_output", "call_id": item["call_id"], "output": "noon"}
        await visitor.send("conversation.item.create", item=output)
        await visitor.next("conversation.item.done")
        await visitor.send("conversation.item.delete", item_id=item["id"])
        await visitor.send("response.create")
        await visitor.next("conversation.item.deleted")
        await visitor.next("response.done")
    prompt = model.requests[-1][0]
    assert [(message.role, message.calls) for message in prompt[1:]] == [("user", ()), ("tool", ())]
