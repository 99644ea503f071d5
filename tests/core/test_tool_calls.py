"""The model calls tools: what is opened, how it ends, and what the model is told of it."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.rules import Rules
from tests.core.situations import QUESTION, ask, hear
from tests.core.world import RATE_HZ, World
from voice_server.core import commands, events
from voice_server.core.conversation import RUNNING, Message
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.requests import AnswerWanted, Wish
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.core.turns import Floor

SCHEMA = '{"type":"object"}'
WEATHER = ToolSpec("weather", "Says how the weather is.", SCHEMA)
SEARCH = ToolSpec("search", "Searches.", SCHEMA, on_barge_in="cancel", timeout_ms=5_000)
TIME = ToolSpec("time", "Says what time it is.", SCHEMA)
CONFIG = SessionConfig(output_rate_hz=RATE_HZ, tools=(WEATHER, SEARCH), server_tools=(TIME,))


def world_with_tools(config: SessionConfig = CONFIG, policy: Policy | None = None) -> World:
    world = World(config, policy or Policy(), watch=Rules().watch)
    world.tell(events.SessionBegan())
    world.wait(1_000)
    return world


def called(world: World, tool: str = "weather", arguments: str = "{}", before: str = "") -> None:
    """The user asks, and the model says something, calls the tool, and is done."""
    world.tell(events.UserTyped(QUESTION))
    world.generate(before)
    world.propose(tool, arguments)
    world.end_generation()
    while world.clauses:
        world.synthesize()


def facts(world: World) -> list[commands.ToolCalled]:
    return world.every(commands.ToolCalled)


def last_prompt(world: World) -> tuple[Message, ...]:
    return world.every(commands.Generate)[-1].messages[1:]


def troubles(world: World) -> list[tuple[str, str | None]]:
    return [(trouble.code, trouble.field) for trouble in world.every(commands.Trouble)]


def ended(world: World) -> list[tuple[str, str]]:
    return [(fact.status, fact.heard) for fact in world.every(commands.ResponseEnded)]


# ── the chain ──


def test_a_call_becomes_an_answer() -> None:
    world = world_with_tools()
    called(world, arguments='{"city":"Oslo"}')
    assert facts(world) == [commands.ToolCalled("call_1", 1, "weather", '{"city":"Oslo"}')]
    world.wait(50)
    assert ended(world) == [("completed", "")]
    world.give("sunny")
    assert last_prompt(world) == (
        Message("user", QUESTION),
        Message("assistant", "", calls=(ToolCall("call_1", "weather", '{"city":"Oslo"}'),)),
        Message("tool", "sunny", call="call_1"),
    )
    hear(world, "It is sunny.")
    world.wait(3_000)
    assert ended(world)[1:] == [("completed", "It is sunny.")]
    assert [fact.turn for fact in world.every(commands.ResponseBegan)] == [1, 1]
    assert world.calls == []


def test_what_is_said_before_the_call_is_remembered_with_it() -> None:
    world = world_with_tools()
    called(world, before="Let me see. ")
    world.wait(2_000)
    world.give("sunny")
    assert last_prompt(world)[1].content == "Let me see."
    assert last_prompt(world)[1].calls
    assert last_prompt(world)[2] == Message("tool", "sunny", call="call_1")


def test_a_result_that_comes_before_the_answer_has_sounded_waits_for_it() -> None:
    world = world_with_tools()
    called(world, before="Let me see. ")
    world.give("sunny")
    assert len(world.every(commands.Generate)) == 1
    world.wait(2_000)
    assert ended(world) == [("completed", "Let me see.")]
    assert last_prompt(world)[-1] == Message("tool", "sunny", call="call_1")
    assert not world.every(commands.ResponseStopped)


def test_a_draft_calls_nothing_before_the_turn_is_over() -> None:
    world = world_with_tools()
    world.start_speaking()
    world.wait(800)
    world.stop_speaking()
    world.transcribe(QUESTION)
    world.propose("weather")
    world.end_generation()
    assert (world.floor(), facts(world), world.calls) == (Floor.ENDPOINTING, [], [])
    world.wait(2_500)
    assert [fact.name for fact in facts(world)] == ["weather"]


def test_a_draft_that_is_discarded_calls_nothing() -> None:
    world = world_with_tools()
    world.start_speaking()
    world.wait(800)
    world.stop_speaking()
    world.transcribe("What is")
    world.propose("weather")
    world.start_speaking()
    world.wait(500)
    assert facts(world) == []


def test_tools_of_the_server_are_run_and_no_client_is_told() -> None:
    world = world_with_tools()
    called(world, "time")
    assert world.every(commands.RunTool) == [commands.RunTool(ToolCall("call_1", "time", "{}"))]
    assert facts(world) == []


def test_two_calls_at_once_are_both_answered() -> None:
    world = world_with_tools()
    world.tell(events.UserTyped(QUESTION))
    world.propose("weather")
    world.propose("time")
    world.end_generation()
    world.wait(20)
    assert world.calls == ["call_1", "call_2"]
    world.give("sunny")
    world.give("noon")
    tools = [message for message in last_prompt(world) if message.role == "tool"]
    assert [message.content for message in tools] == ["sunny", "noon"]
    hear(world, "Sunny, at noon.")
    world.wait(3_000)
    assert ended(world)[-1] == ("completed", "Sunny, at noon.")


def test_a_call_that_runs_is_shown_as_running() -> None:
    world = world_with_tools()
    called(world)
    world.wait(20)
    world.tell(events.UserTyped("And else?"))
    assert last_prompt(world)[2] == Message("tool", RUNNING, call="call_1")


def test_a_late_result_stands_behind_what_was_said_since() -> None:
    world = world_with_tools()
    called(world)
    world.wait(20)
    world.tell(events.UserTyped("And else?"))
    hear(world, "Nothing.")
    world.wait(3_000)
    world.give("sunny")
    assert last_prompt(world)[-1] == Message("system", "weather has answered: sunny")
    assert last_prompt(world)[2].content == RUNNING


def test_results_may_come_in_parts() -> None:
    world = world_with_tools()
    called(world)
    world.wait(20)
    world.give("sunny", "never", final=False)
    assert world.calls == ["call_1"]
    world.give("and warm", "when_idle")
    assert last_prompt(world)[-1] == Message("tool", "sunny\nand warm", call="call_1")
    assert world.calls == []


def test_a_result_without_output_is_said_to_have_none() -> None:
    world = world_with_tools()
    called(world)
    world.wait(20)
    world.give("")
    assert last_prompt(world)[-1].content == "(no output)"


# ── what goes wrong ──


def test_a_tool_that_fails_is_answered_for() -> None:
    world = world_with_tools()
    called(world)
    world.wait(20)
    world.give(None)
    assert last_prompt(world)[-1] == Message("tool", "error: it broke", call="call_1")


def test_a_result_that_nobody_waits_for_is_refused_and_the_field_named() -> None:
    world = world_with_tools()
    called(world)
    world.give()
    for call, why in (("call_1", "has been answered already"), ("call_9", "no call call_9 is open")):
        world.clear()
        world.tell(events.ToolAnswered(call, "again", None))
        (trouble,) = world.every(commands.Trouble)
        assert (trouble.code, trouble.field) == ("bad_field", "call")
        assert why in trouble.message


@pytest.mark.parametrize(("tool", "limit_ms"), [("search", 5_000), ("weather", Policy().tool_timeout_ms)])
def test_a_tool_that_hangs_is_given_up(tool: str, limit_ms: int) -> None:
    world = world_with_tools()
    called(world, tool)
    world.wait(limit_ms - 1)
    assert not world.every(commands.ToolCancelled)
    world.wait(1)
    assert world.every(commands.ToolCancelled) == [commands.ToolCancelled("call_1")]
    assert last_prompt(world)[-1].content == "error: no result came in time"
    world.tell(events.ToolAnswered("call_1", "sunny", None))
    assert troubles(world) == [("bad_field", "call")]


def test_a_tool_of_the_server_that_hangs_is_ended() -> None:
    world = world_with_tools(policy=Policy(tool_timeout_ms=300))
    called(world, "time")
    world.wait(300)
    assert world.every(commands.CancelTool) == [commands.CancelTool("call_1")]


def test_wrong_arguments_may_be_mended_once() -> None:
    world = world_with_tools()
    world.tell(events.UserTyped(QUESTION))
    world.propose("weather", "{oops", "the arguments are not JSON")
    world.end_generation()
    world.wait(20)
    assert facts(world) == []
    assert last_prompt(world)[-2].calls == (ToolCall("call_1", "weather", "{}"),)
    assert last_prompt(world)[-1].content == "error: the arguments are not JSON"
    world.propose("weather", "{}")
    world.end_generation()
    assert [fact.call for fact in facts(world)] == ["call_2"]


def test_arguments_that_stay_wrong_are_apologised_for() -> None:
    world = world_with_tools()
    world.tell(events.UserTyped(QUESTION))
    for _ in range(2):
        world.propose("weather", "{oops", "the arguments are not JSON")
        world.end_generation()
        world.wait(20)
    while world.clauses:
        world.synthesize()
    world.wait(10_000)
    assert facts(world) == []
    assert troubles(world) == [("generation_failed", None)]
    assert ended(world) == [("completed", ""), ("failed", Policy().apology)]


def test_a_tool_that_is_not_there_is_named_with_those_that_are() -> None:
    world = world_with_tools()
    called(world, "wether")
    world.wait(20)
    assert last_prompt(world)[-1].content == (
        "error: there is no tool 'wether'; the tools are: time, weather, search"
    )


def test_a_long_output_is_shortened_and_says_so() -> None:
    world = world_with_tools(policy=Policy(tool_output_chars=10))
    called(world)
    world.wait(20)
    world.give("x" * 10_000_000)
    assert last_prompt(world)[-1].content == f"{'x' * 10} … (shortened: the first 10 of 10000000 characters)"


def test_a_model_that_calls_without_end_is_stopped() -> None:
    world = world_with_tools(policy=Policy(tool_rounds=3))
    called(world, "time")
    for _ in range(10):
        world.wait(20)
        world.give("noon")
        if not world.every(commands.Generate)[-1].with_tools:
            break
        world.propose("time")
        world.end_generation()
    assert [order.with_tools for order in world.every(commands.Generate)] == [True, True, True, False]
    hear(world, "It is noon.")
    world.wait(2_000)
    world.tell(events.UserTyped(QUESTION))
    assert world.every(commands.Generate)[-1].with_tools


# ── the user speaks instead ──


@pytest.mark.parametrize(("tool", "goes_on"), [("weather", True), ("search", False)])
def test_a_running_call_is_finished_or_cancelled_as_declared(tool: str, goes_on: bool) -> None:
    world = world_with_tools()
    called(world, tool, before="Let me see what there is to be found about that. ")
    world.start_speaking()
    world.wait(400)
    world.transcribe("Wait, what about tomorrow?")
    assert world.floor() is Floor.USER
    assert (world.calls == ["call_1"]) is goes_on
    assert (world.every(commands.ToolCancelled) == []) is goes_on
    world.stop_speaking()
    world.transcribe("Wait, what about tomorrow?")
    world.wait(2_500)
    tool_message = next(message for message in last_prompt(world) if message.role == "tool")
    assert tool_message.content == (RUNNING if goes_on else "cancelled, because the user spoke")


def test_a_turn_while_nobody_speaks_is_a_barge_in_too() -> None:
    world = world_with_tools()
    called(world, "search")
    world.wait(100)
    ask(world, "Never mind, what day is it?")
    assert world.every(commands.ToolCancelled) == [commands.ToolCancelled("call_1")]


def test_the_stop_button_cancels_what_is_to_be_cancelled() -> None:
    world = world_with_tools()
    called(world, "search")
    world.wait(100)
    world.tell(events.Interrupted())
    assert world.calls == []


def test_a_noise_cancels_nothing() -> None:
    world = world_with_tools()
    called(world, "search", before="Let me see what there is to be found about that. ")
    world.start_speaking()
    world.wait(400)
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.AGENT
    assert world.calls == ["call_1"]


def test_no_call_outlives_the_session() -> None:
    world = world_with_tools()
    called(world)
    world.tell(events.SessionEnding("client"))
    assert world.every(commands.ToolCancelled) == [commands.ToolCancelled("call_1")]
    assert world.calls == []


def test_a_session_that_awaits_a_result_is_not_idle() -> None:
    world = world_with_tools(policy=Policy(idle_limit_ms=60_000))
    called(world)
    world.wait(120_000)
    assert not world.session.ended
    world.give("sunny", "never")
    world.wait(60_000)
    assert world.session.ended


# ── fillers ──

PATIENT = dataclasses.replace(CONFIG, filler="One moment, please.", filler_after_ms=800)


def test_a_slow_tool_is_excused_once() -> None:
    world = world_with_tools(PATIENT)
    called(world)
    world.wait(799)
    assert not world.clauses
    world.wait(1)
    while world.clauses:
        world.synthesize()
    world.wait(60_000)
    assert ended(world) == [("completed", ""), ("completed", "One moment, please.")]
    world.give("sunny")
    prompt = last_prompt(world)
    assert [(message.role, message.content) for message in prompt] == [
        ("user", QUESTION),
        ("assistant", "One moment, please."),
        ("tool", "sunny"),
    ]
    assert prompt[1].calls


def test_a_quick_tool_needs_no_excuse() -> None:
    world = world_with_tools(PATIENT)
    called(world)
    world.wait(700)
    world.give("sunny")
    hear(world, "It is sunny.")
    world.wait(10_000)
    assert [heard for _, heard in ended(world)] == ["", "It is sunny."]


def test_nobody_is_excused_who_is_interrupted_by_it() -> None:
    world = world_with_tools(PATIENT)
    called(world)
    world.wait(100)
    world.start_speaking()
    world.wait(3_000)
    assert [fact.response for fact in world.every(commands.ResponseBegan)] == [1]


def test_a_result_lets_the_excuse_end() -> None:
    world = world_with_tools(PATIENT)
    called(world)
    world.wait(800)
    while world.clauses:
        world.synthesize()
    world.give("sunny")
    assert not world.every(commands.ResponseStopped)
    world.wait(2_000)
    assert ended(world)[-1] == ("completed", "One moment, please.")
    assert last_prompt(world)[-1].content == "sunny"


# ── answers that are asked for ──


def test_an_answer_that_is_asked_for_with_its_own_tools_calls_these() -> None:
    world = world_with_tools()
    look = ToolSpec("look", "Looks.", SCHEMA)
    world.tell(AnswerWanted("a", Wish(tools=(look,))))
    world.propose("look")
    world.propose("weather")
    world.end_generation()
    assert [fact.name for fact in facts(world)] == ["look"]
    world.wait(20)
    assert last_prompt(world)[-1].content == ("error: there is no tool 'weather'; the tools are: time, look")
