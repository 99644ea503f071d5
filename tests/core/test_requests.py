"""A client that keeps turns and history itself: asks for answers, commits sound, edits what was said."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.situations import QUESTION, ask, hear, in_floor, new_world
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.conversation import Message
from voice_server.core.policy import TurnConfig
from voice_server.core.requests import (
    AnswerWanted,
    HeardCorrected,
    InputCleared,
    InputCommitted,
    MessageAdded,
    MessageRemoved,
    Wish,
)
from voice_server.core.tools import ToolSpec
from voice_server.core.turns import Floor

UNANSWERED = TurnConfig(answers=False)
BY_COMMIT = TurnConfig(mode="manual", answers=False)


def said(world: World) -> list[tuple[str, str]]:
    return [(entry.role, entry.content) for entry in world.session.conversation.entries]


def began(world: World) -> list[str | None]:
    return [fact.asked for fact in world.every(commands.ResponseBegan)]


def prompt(world: World) -> list[tuple[str, str]]:
    return [(m.role, m.content) for m in world.every(commands.Generate)[-1].messages]


# ── answers ──


def test_a_turn_is_kept_and_not_answered_until_that_is_asked_for() -> None:
    world = new_world(UNANSWERED)
    ask(world)
    assert world.floor() is Floor.OPEN
    assert (said(world), began(world)) == ([("user", QUESTION)], [])
    assert not world.every(commands.Generate)
    assert [fact.text for fact in world.every(commands.TranscriptCommitted)] == [QUESTION]
    world.tell(AnswerWanted("r1"))
    assert began(world) == ["r1"]
    assert prompt(world)[1:] == [("user", QUESTION)]


def test_an_answer_may_be_asked_for_before_anything_was_said() -> None:
    world = new_world()
    world.tell(AnswerWanted("r1", Wish(instructions="Say hello.")))
    assert (began(world), prompt(world)) == (["r1"], [("system", "Say hello.")])


@pytest.mark.parametrize("floor", [Floor.THINKING, Floor.AGENT, Floor.CONTESTED])
def test_no_answer_is_begun_beside_another(floor: Floor) -> None:
    world = in_floor(floor)
    world.clear()
    world.tell(AnswerWanted("r1"))
    (trouble,) = world.every(commands.Trouble)
    assert (trouble.code, trouble.asked) == ("not_now", "r1")
    assert not began(world)


@pytest.mark.parametrize("turn", [TurnConfig(), UNANSWERED])
@pytest.mark.parametrize("floor", [Floor.USER, Floor.ENDPOINTING])
def test_what_the_user_is_saying_gets_the_answer_that_is_asked_for_meanwhile(
    floor: Floor, turn: TurnConfig
) -> None:
    world = in_floor(floor, turn)
    world.clear()
    world.tell(AnswerWanted("r1", Wish(max_tokens=7)))
    if floor is Floor.USER:
        world.stop_speaking()
    world.transcribe(QUESTION)
    world.wait(2_500)
    assert began(world) == ["r1"]
    assert prompt(world)[1:] == [("user", QUESTION)]
    assert world.every(commands.Generate)[-1].max_tokens == 7


def test_a_request_that_waits_is_taken_back_by_the_stop_button() -> None:
    world = in_floor(Floor.USER, UNANSWERED)
    world.tell(AnswerWanted("r1"))
    world.tell(events.Interrupted())
    world.stop_speaking()
    world.transcribe(QUESTION)
    world.wait(2_500)
    assert not began(world)


def test_an_answer_aside_has_its_own_prompt_and_leaves_no_trace() -> None:
    world = new_world()
    ask(world)
    hear(world)
    world.wait(10_000)
    before = said(world)
    tool = ToolSpec("f", "", "{}")
    aside = Wish(messages=(Message("user", "Summarise."),), tools=(tool,), speech=False, remembered=False)
    world.tell(AnswerWanted("r2", aside))
    order = world.every(commands.Generate)[-1]
    assert (prompt(world)[1:], order.tools) == ([("user", "Summarise.")], (tool,))
    hear(world, "Short.")
    world.wait(10)
    ended = world.every(commands.ResponseEnded)[-1]
    assert (ended.status, ended.heard) == ("completed", "Short.")
    assert said(world) == before


def test_an_answer_aside_is_not_the_one_that_the_user_waits_for() -> None:
    world = in_floor(Floor.USER)
    world.clear()
    world.tell(AnswerWanted("r1", Wish(messages=(Message("user", "Is it a question?"),), remembered=False)))
    world.stop_speaking()
    world.transcribe(QUESTION)
    world.wait(2_500)
    assert (began(world), prompt(world)[1:]) == (["r1"], [("user", "Is it a question?")])
    hear(world, "Yes.")
    world.wait(2_000)
    assert (began(world), prompt(world)[1:]) == (["r1", None], [("user", QUESTION)])


def test_a_written_answer_is_not_spoken() -> None:
    world = new_world()
    world.configure(dataclasses.replace(world.config, speech=False))
    ask(world)
    hear(world, "It is ten.")
    world.wait(10)
    assert not world.every(commands.Synthesize)
    assert not world.every(commands.Play)
    assert [fact.heard for fact in world.every(commands.ResponseEnded)] == ["It is ten."]
    assert said(world)[-1] == ("assistant", "It is ten.")


# ── sound ──


def test_committed_sound_is_a_turn() -> None:
    world = new_world(BY_COMMIT)
    world.wait(1_000)
    world.tell(InputCommitted(200, world.heard_ms))
    (order,) = world.every(commands.Transcribe)
    assert (order.start_ms, order.end_ms, order.final) == (0, world.heard_ms, True)
    world.transcribe(QUESTION)
    assert (world.floor(), said(world), began(world)) == (Floor.OPEN, [("user", QUESTION)], [])


def test_sound_without_words_is_no_turn_and_the_answer_that_waited_comes() -> None:
    world = new_world(BY_COMMIT)
    world.tell(InputCommitted(200, world.heard_ms))
    world.tell(AnswerWanted("r1"))
    assert not began(world)
    world.transcribe("")
    assert (began(world), said(world)) == (["r1"], [])


def test_of_sound_that_is_too_long_its_end_is_the_turn() -> None:
    world = new_world(BY_COMMIT)
    world.wait(60_000)
    world.tell(InputCommitted(0, 60_000))
    (order,) = world.every(commands.Transcribe)
    assert order.start_ms == 60_000 - world.policy.turn_limit_ms - world.policy.preroll_ms


@pytest.mark.parametrize("floor", list(Floor))
def test_a_commit_ends_the_turn_whatever_the_floor(floor: Floor) -> None:
    world = in_floor(floor)
    world.wait(100)
    world.tell(InputCommitted(world.heard_ms - 500, world.heard_ms))
    assert world.floor() is Floor.ENDPOINTING
    world.transcribe("And tomorrow?")
    assert [fact.text for fact in world.every(commands.TranscriptCommitted)] == ["And tomorrow?"]


@pytest.mark.parametrize("floor", [Floor.USER, Floor.ENDPOINTING])
def test_cleared_sound_is_forgotten(floor: Floor) -> None:
    world = in_floor(floor)
    world.tell(InputCleared(world.heard_ms))
    assert world.floor() is Floor.OPEN
    world.transcribe(QUESTION)
    assert not world.every(commands.TranscriptCommitted)


def test_of_a_recording_that_comes_at_once_all_is_transcribed() -> None:
    world = new_world()
    world.tell(events.SpeechStarted(0, 20))
    world.tell(events.SpeechFaded(620, 640))
    assert [(order.start_ms, order.end_ms) for order in world.every(commands.Transcribe)] == [(0, 640)]


# ── history ──


def test_messages_are_put_where_the_client_wants_them_and_taken_out() -> None:
    world = new_world()
    ask(world)
    world.tell(MessageAdded("b", Message("assistant", "Ten.")))
    world.tell(MessageAdded("a", Message("system", "Be brief."), after=""))
    world.tell(MessageAdded("c", Message("user", "Really?"), after="b"))
    world.tell(MessageAdded("d", Message("assistant", "Hm."), after="no such entry"))
    world.tell(MessageAdded("x", Message("system", "It is noon."), after="turn:1"))
    ordered = ["Be brief.", QUESTION, "It is noon.", "Ten.", "Really?", "Hm."]
    assert [text for _, text in said(world)] == ordered
    world.tell(MessageRemoved("turn:1"))
    world.tell(MessageRemoved("d"))
    world.tell(MessageRemoved("no such entry"))
    assert [text for _, text in said(world)] == ["Be brief. It is noon.", "Ten.", "Really?"]


def test_what_was_heard_is_corrected_when_the_response_is_long_over() -> None:
    world = new_world()
    ask(world)
    hear(world, "It is ten.")
    world.wait(10_000)
    response = world.every(commands.ResponseEnded)[-1].response
    assert said(world)[-1] == ("assistant", "It is ten.")
    world.tell(HeardCorrected(response, 500))
    assert said(world)[-1] == ("assistant", "It is")
    world.tell(HeardCorrected(response, 0))
    assert said(world) == [("user", QUESTION)]


def test_what_is_being_heard_is_corrected_as_by_a_report() -> None:
    world = in_floor(Floor.AGENT)
    response = world.every(commands.ResponseBegan)[-1].response
    world.tell(HeardCorrected(response, 500))
    world.tell(events.Interrupted())
    assert world.every(commands.ResponseEnded)[-1].heard == "It is"
