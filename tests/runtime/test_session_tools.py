"""Tools, news and typed turns, in a whole session: what the client is told, and what it hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from tests.runtime.stage import CONFIG, OPTIONS, QUESTION, Stage
from tests.runtime.staged_models import RATE_HZ, Pause, pause
from voice_server.adapters.scripted_speaking import Replies, Step, in_turn
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.conversation import Message
from voice_server.core.policy import Policy
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.ports import ToolOutput
from voice_server.tools.declaring import FunctionTool, tool
from voice_server.tools.functions import FunctionTools

SCHEMA = json.dumps(
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    separators=(",", ":"),
)
WEATHER = ToolSpec("weather", "Says how the weather is.", SCHEMA)
OSLO = ToolCall("", "weather", '{"city":"Oslo"}')
SUNNY = "In Oslo the sun shines."
LONG = "It is ten o'clock now. The sun is shining there. The birds are singing. All is well."
NEWS = "The train is late."


def calling(*replies: str | Sequence[Step]) -> Replies:
    """The replies, one after the other."""
    return in_turn(*replies)


def a_stage(*replies: str | Sequence[Step]) -> Stage:
    """A session with a tool of the client, and a model that replies so."""
    stage = Stage(config=replace(CONFIG, tools=(WEATHER,)))
    stage.replies = calling(*replies)
    return stage


def with_tools(*tools: FunctionTool, policy: Policy | None = None) -> Stage:
    """A session with these tools of the server; the model calls the first, then says what came of it."""
    runner = FunctionTools(tools)
    options = replace(OPTIONS, policy=policy or Policy())
    stage = Stage(config=replace(CONFIG, server_tools=runner.specs), options=options)
    stage.tools = runner
    stage.replies = calling([ToolCall("", tools[0].spec.name, "{}")], SUNNY)
    return stage


async def asked(stage: Stage) -> None:
    """The user asks aloud, and waits."""
    await stage.speak(800)
    await stage.rest(3_000)


def last(stage: Stage) -> Message:
    """The end of the last prompt."""
    return stage.prompts[-1][-1]


# ── the chain ──


async def test_what_is_said_becomes_a_call_and_its_result_is_spoken() -> None:
    stage = a_stage([OSLO], SUNNY)
    async with stage.running():
        await asked(stage)
        (call,) = stage.told(facts.ToolCalled)
        assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
        assert stage.language_model.requests[0][1].tools == (WEATHER,)
        await stage.rest(5_000)
        assert [frame.pcm for frame in stage.frames()] == [b""]
        await stage.tell(events.ToolAnswered(call.call, "sunny", None))
        await stage.rest(4_000)
        assert last(stage) == Message("tool", "sunny", call=call.call)
        assert stage.done(1).text == ""
        second = max(began.response for began in stage.told(facts.ResponseBegan))
        assert stage.done(second).heard == SUNNY
        assert stage.frames(second)


async def test_a_result_while_the_assistant_speaks_ends_its_clause_and_nothing_leaks() -> None:
    stage = a_stage([OSLO], LONG, SUNNY)
    async with stage.running():
        await asked(stage)
        await stage.tell(events.UserTyped("And what time is it?"))
        await stage.rest(600)
        speaking = stage.frames()[-1].response
        await stage.tell(events.ToolAnswered("call_1", "sunny", None))
        await stage.rest(6_000)
        ended = stage.done(speaking)
        assert (ended.status, ended.heard) == ("interrupted", "It is ten o'clock now.")
        (stop,) = [stop for stop in stage.told(facts.ResponseStopped) if stop.response == speaking]
        assert stop.reason == "replaced"
        boundary = next(w for w in stage.words(speaking) if w.text == "The").start_sample
        assert sum(len(frame.pcm) // 2 for frame in stage.frames(speaking)) <= boundary
        assert stage.frames_after(facts.ResponseStopped, speaking) == []
        assert last(stage) == Message("system", "weather has answered: sunny")
        assert stage.done(speaking + 1).heard == SUNNY


async def test_arguments_that_do_not_fit_go_back_to_the_model_once() -> None:
    stage = a_stage([ToolCall("", "weather", '{"town":1}')], [OSLO])
    async with stage.running():
        await asked(stage)
        assert last(stage).content.startswith("error: the arguments of weather do not fit its schema")
        assert [call.arguments for call in stage.told(facts.ToolCalled)] == [OSLO.arguments]


@pytest.mark.parametrize("arguments", ['{"city":', "[]", "{}", '{"city":NaN}', '{"city":7}'])
async def test_arguments_that_stay_wrong_end_in_an_apology(arguments: str) -> None:
    stage = a_stage([ToolCall("", "weather", arguments)])
    async with stage.running():
        await asked(stage)
        await stage.rest(8_000)
        assert len(stage.prompts) == 2
        assert stage.told(facts.ToolCalled) == []
        assert [ended.status for ended in stage.told(facts.ResponseEnded)] == ["completed", "failed"]
        assert stage.told(facts.ResponseEnded)[-1].heard == Policy().apology


# ── tools of the server ──


async def test_a_tool_of_the_server_is_run_and_its_result_spoken() -> None:
    @tool
    async def weather() -> str:
        """Says how the weather is."""
        return "sunny"

    stage = with_tools(weather)
    async with stage.running():
        await asked(stage)
        assert stage.told(facts.ToolCalled) == []
        assert last(stage) == Message("tool", "sunny", call="call_1")
        assert stage.done(stage.frames()[-1].response).heard == SUNNY


async def test_a_result_in_parts_is_told_in_parts() -> None:
    stage = Stage()

    @tool
    async def search() -> AsyncGenerator[ToolOutput, None]:
        """Searches."""
        yield ToolOutput("one", final=False)
        await pause(stage.clock, 5_000)
        yield ToolOutput("two")

    stage.config = replace(CONFIG, server_tools=(search.spec,))
    stage.tools = FunctionTools([search])
    stage.replies = calling([ToolCall("", "search", "{}")], "First one.", "Then two.")
    async with stage.running():
        await asked(stage)
        assert last(stage).content == "one"
        await stage.rest(6_000)
        assert last(stage) == Message("system", "search has answered: two")
        assert [ended.heard for ended in stage.told(facts.ResponseEnded)] == ["", "First one.", "Then two."]


async def test_a_tool_that_raises_is_answered_for(caplog: pytest.LogCaptureFixture) -> None:
    @tool
    async def weather() -> str:
        """Says how the weather is."""
        raise RuntimeError("no network")

    stage = with_tools(weather)
    async with stage.running():
        await asked(stage)
        assert last(stage).content == "error: weather failed: RuntimeError: no network"
    assert "no network" in caplog.text


async def test_a_tool_that_hangs_is_ended_in_time() -> None:
    ended = asyncio.Event()

    @tool(timeout_ms=1_500)
    async def weather() -> str:
        """Says how the weather is."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    stage = with_tools(weather)
    async with stage.running():
        await asked(stage)
        assert ended.is_set()
        assert last(stage).content == "error: no result came in time"
        assert stage.done(stage.frames()[-1].response).heard == SUNNY


async def test_ten_megabytes_are_shortened_before_they_go_anywhere() -> None:
    @tool
    async def weather() -> str:
        """Says how the weather is."""
        return "x" * 10_000_000

    stage = with_tools(weather, policy=Policy(tool_output_chars=100))
    async with stage.running():
        await asked(stage)
        assert len(last(stage).content) < 200
        assert "the first 100 of 10000000 characters" in last(stage).content
    assert len(json.dumps(stage.tracer.records)) < 200_000


async def test_a_tool_that_is_of_no_use_any_more_is_ended_by_the_user() -> None:
    ended = asyncio.Event()

    @tool(on_barge_in="cancel")
    async def weather() -> str:
        """Says how the weather is."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    stage = with_tools(weather)
    async with stage.running():
        await asked(stage)
        assert not ended.is_set()
        await stage.tell(events.UserTyped("Never mind."))
        assert ended.is_set()


# ── news, text, the stop button ──


async def test_context_is_spoken_about_at_the_end_of_the_clause_from_what_was_heard() -> None:
    stage = a_stage(LONG, "By the way, your train is late.")
    async with stage.running():
        response = await stage.ask()
        await stage.rest(300)
        await stage.tell(events.ContextAdded(NEWS))
        await stage.rest(6_000)
        assert stage.done(response).heard == "It is ten o'clock now."
        assert stage.prompts[-1][1:] == (
            Message("user", QUESTION),
            Message("assistant", "It is ten o'clock now."),
            Message("system", NEWS),
        )


async def test_a_session_may_be_written_in_both_directions() -> None:
    stage = Stage(config=replace(CONFIG, speech=False))
    stage.replies = calling("It is ten.")
    async with stage.running():
        await stage.tell(events.UserTyped(QUESTION))
        await stage.wait(100)
        (ended,) = stage.told(facts.ResponseEnded)
        assert (ended.status, ended.text, ended.heard) == ("completed", "It is ten.", "It is ten.")
        await stage.wait(5_000)
        assert (stage.frames(), stage.synthesizer.clauses) == ([], [])


async def test_what_is_said_may_be_answered_in_writing() -> None:
    stage = Stage(config=replace(CONFIG, speech=False))
    async with stage.running():
        await asked(stage)
        assert stage.done(max(began.response for began in stage.told(facts.ResponseBegan))).heard
        assert stage.frames() == []


async def test_a_written_answer_can_be_stopped() -> None:
    stage = Stage(config=replace(CONFIG, speech=False))
    stage.replies = calling(["It ", "is ", Pause(stage.clock, 60_000), "ten."])
    async with stage.running():
        await stage.tell(events.UserTyped(QUESTION))
        await stage.wait(100)
        await stage.tell(events.Interrupted())
        (ended,) = stage.told(facts.ResponseEnded)
        assert (ended.status, ended.heard) == ("interrupted", "It is")
        assert stage.language_model.running == 0


async def test_the_stop_button_ends_a_response_before_its_next_frame() -> None:
    stage = a_stage(LONG)
    async with stage.running():
        response = await stage.ask()
        await stage.rest(700)
        before_ms = stage.clock.now_ms()
        await stage.tell(events.Interrupted())
        assert stage.time_of(facts.ResponseStopped) == before_ms
        assert stage.time_of(facts.ResponseEnded) == before_ms
        await stage.rest(3_000)
        assert stage.frames_after(facts.ResponseStopped, response) == []
        assert sum(len(frame.pcm) for frame in stage.frames(response)) < 2 * RATE_HZ * 2
