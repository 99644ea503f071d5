"""What the client does by hand, in every floor."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.situations import AUTO, MANUAL, QUESTION, hear, in_floor, new_world
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.policy import TurnConfig
from voice_server.core.tools import ToolSpec
from voice_server.core.turns import Floor

BY_HAND = [Floor.OPEN, Floor.USER, Floor.ENDPOINTING, Floor.THINKING, Floor.AGENT]


def prompts(world: World) -> list[str]:
    return [order.messages[-1].content for order in world.every(commands.Generate)]


def ended(world: World) -> list[str]:
    return [fact.status for fact in world.every(commands.ResponseEnded)]


def switch(world: World, turn: TurnConfig) -> None:
    world.configure(dataclasses.replace(world.config, turn=turn))


# ── greeting ──


def test_the_greeting_is_said_and_remembered_as_heard() -> None:
    world = new_world(greeting="Hello, who is there?")
    assert [(f.response, f.turn) for f in world.every(commands.ResponseBegan)] == [(1, 0)]
    while world.clauses:
        world.synthesize()
    world.wait(5_000)
    assert [entry.content for entry in world.session.conversation.entries] == ["Hello, who is there?"]
    assert not prompts(world)


def test_without_a_greeting_nothing_is_said() -> None:
    assert new_world().said == []


# ── typing ──


@pytest.mark.parametrize("floor", [Floor.OPEN, Floor.THINKING, Floor.AGENT])
def test_a_typed_turn_is_answered_at_once(floor: Floor) -> None:
    world = in_floor(floor)
    world.clear()
    world.tell(events.UserTyped("And tomorrow?"))
    assert world.floor() is Floor.THINKING
    assert prompts(world)[-1].endswith("And tomorrow?")
    assert [s.reason for s in world.every(commands.ResponseStopped)] == ["replaced"] * (
        floor is not Floor.OPEN
    )
    assert not world.every(commands.TurnOpened)


@pytest.mark.parametrize("floor", [Floor.THINKING, Floor.AGENT])
def test_a_typed_turn_that_does_not_interrupt_waits_for_its_turn(floor: Floor) -> None:
    world = in_floor(floor)
    world.clear()
    world.tell(events.UserTyped("And tomorrow?", interrupt=False))
    assert world.said == []
    hear(world)
    world.wait(5_000)
    assert ended(world)[0] == "completed"
    assert prompts(world)[-1] == "And tomorrow?"
    assert world.floor() is Floor.THINKING


def test_two_typed_turns_that_wait_are_answered_together() -> None:
    world = in_floor(Floor.AGENT)
    world.tell(events.UserTyped("One?", interrupt=False))
    world.tell(events.UserTyped("Two?", interrupt=False))
    world.wait(5_000)
    assert prompts(world)[-1] == "One? Two?"


@pytest.mark.parametrize("interrupt", [True, False])
@pytest.mark.parametrize("floor", [Floor.USER, Floor.ENDPOINTING, Floor.CONTESTED])
def test_what_is_typed_while_the_user_speaks_is_answered_with_it(floor: Floor, interrupt: bool) -> None:
    world = in_floor(floor)
    world.wait(300)
    world.tell(events.UserTyped("In Lisbon.", interrupt))
    if floor is Floor.CONTESTED:
        world.transcribe("what is")
    if world.speaking:
        world.stop_speaking()
    world.transcribe("What is the time?")
    world.wait(3_000)
    assert prompts(world)[-1].endswith("In Lisbon. What is the time?")
    assert world.session.conversation.entries[-1].content.endswith("In Lisbon. What is the time?")


def test_what_is_typed_changes_a_draft() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.transcribe("I would like to")
    world.tell(events.UserTyped("Tea."))
    assert prompts(world) == ["I would like to", "Tea. I would like to"]
    assert world.every(commands.Discard) == [commands.Discard(1)]


def test_what_is_typed_is_answered_although_no_words_were_heard() -> None:
    world = in_floor(Floor.USER)
    world.tell(events.UserTyped("Tea?"))
    world.stop_speaking()
    world.transcribe("")
    assert prompts(world) == ["Tea?"]
    assert world.floor() is Floor.THINKING


@pytest.mark.parametrize("text", ["", "  \n"])
def test_typing_nothing_is_no_turn(text: str) -> None:
    world = in_floor(Floor.OPEN)
    assert world.tell(events.UserTyped(text)) == []


# ── the stop button ──


@pytest.mark.parametrize("floor", [Floor.OPEN, Floor.USER, Floor.ENDPOINTING])
def test_stop_where_nobody_answers_does_nothing(floor: Floor) -> None:
    world = in_floor(floor)
    assert world.tell(events.Interrupted()) == []
    assert world.floor() is floor


@pytest.mark.parametrize("floor", [Floor.THINKING, Floor.AGENT])
def test_stop_ends_the_answer(floor: Floor) -> None:
    world = in_floor(floor)
    world.clear()
    world.tell(events.Interrupted())
    assert [s.reason for s in world.every(commands.ResponseStopped)] == ["client"]
    assert ended(world) == ["interrupted"]
    assert world.floor() is Floor.OPEN
    assert world.session.next_deadline() is None


def test_stop_while_contested_ends_the_answer_and_the_sound_is_a_turn() -> None:
    world = in_floor(Floor.CONTESTED)
    world.tell(events.Interrupted())
    assert ended(world) == ["interrupted"]
    assert world.floor() is Floor.USER
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.OPEN


# ── push-to-talk ──


@pytest.mark.parametrize("floor", BY_HAND)
def test_pressing_takes_the_floor(floor: Floor) -> None:
    world = in_floor(floor, MANUAL)
    world.clear()
    world.tell(events.TurnStarted(world.heard_ms))
    assert world.floor() is Floor.USER
    assert [t.code for t in world.every(commands.Trouble)] == ["turn_mode"] * (floor is Floor.USER)
    assert ended(world) == ["interrupted"] * (floor in (Floor.THINKING, Floor.AGENT))


@pytest.mark.parametrize("floor", BY_HAND)
def test_letting_go_means_something_only_while_pressed(floor: Floor) -> None:
    world = in_floor(floor, MANUAL)
    world.clear()
    world.tell(events.TurnCommitted(world.heard_ms))
    assert [t.code for t in world.every(commands.Trouble)] == ["turn_mode"] * (floor is not Floor.USER)
    assert world.floor() is (Floor.ENDPOINTING if floor is Floor.USER else floor)


@pytest.mark.parametrize("event", [events.TurnStarted(1_000), events.TurnCommitted(1_000)])
@pytest.mark.parametrize("floor", Floor)
def test_by_voice_the_button_means_nothing(floor: Floor, event: events.Event) -> None:
    world = in_floor(floor)
    world.clear()
    world.tell(event)
    assert [t.code for t in world.every(commands.Trouble)] == ["turn_mode"]
    assert len(world.said) == 1
    assert world.floor() is floor


def test_push_to_talk_waits_for_no_silence() -> None:
    world = in_floor(Floor.ENDPOINTING, MANUAL)
    assert not world.every(commands.ScoreTurn)
    world.transcribe("I would like to")
    assert world.floor() is Floor.THINKING
    assert [c.text for c in world.every(commands.TranscriptCommitted)] == ["I would like to"]


@pytest.mark.parametrize("floor", BY_HAND)
def test_with_the_button_the_voice_alone_does_nothing(floor: Floor) -> None:
    world = in_floor(floor, MANUAL)
    world.clear()
    world.start_speaking()
    world.fade()
    world.stop_speaking()
    assert not [c for _, c in world.said if not isinstance(c, commands.Transcribe)]
    assert world.floor() is floor


def test_pressing_again_before_the_words_came_goes_on_with_the_turn() -> None:
    world = in_floor(Floor.ENDPOINTING, MANUAL)
    world.tell(events.TurnStarted(world.heard_ms))
    assert {fact.turn for fact in world.every(commands.TurnOpened)} == {1}


def test_a_button_that_is_held_without_a_word_stays_held() -> None:
    world = in_floor(Floor.USER, MANUAL)
    world.live(120_000, "")
    assert world.floor() is Floor.USER
    world.live(2_000, QUESTION)
    world.tell(events.TurnCommitted(world.heard_ms))
    world.transcribe(QUESTION)
    assert prompts(world) == [QUESTION]


def test_a_button_that_is_held_through_a_pause_of_the_voice_loses_no_words() -> None:
    world = in_floor(Floor.USER, MANUAL)
    world.transcribe_until(lambda: world.every(commands.TranscriptCommitted), "one two three four")
    world.live(6_000, "")
    world.tell(events.TurnCommitted(world.heard_ms))
    world.transcribe("five")
    assert prompts(world)[-1] == "one two three four five"


# ── switching between the two ──


@pytest.mark.parametrize("floor", [Floor.OPEN, Floor.THINKING, Floor.AGENT])
@pytest.mark.parametrize("turn", [AUTO, MANUAL])
def test_switching_leaves_the_answer_alone(floor: Floor, turn: TurnConfig) -> None:
    world = in_floor(floor, AUTO if turn == MANUAL else MANUAL)
    world.clear()
    switch(world, turn)
    assert world.floor() is floor
    assert [type(command) for _, command in world.said] == [commands.ConfigChanged]


def test_switching_to_the_button_answers_what_was_being_said() -> None:
    world = in_floor(Floor.USER)
    switch(world, MANUAL)
    assert world.floor() is Floor.ENDPOINTING
    world.transcribe(QUESTION)
    assert prompts(world) == [QUESTION]
    assert world.floor() is Floor.THINKING


def test_switching_to_the_button_answers_what_had_been_said() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.transcribe("I would like to")
    switch(world, MANUAL)
    assert world.floor() is Floor.THINKING


def test_switching_to_the_button_while_contested_takes_the_sound_back() -> None:
    world = in_floor(Floor.CONTESTED)
    switch(world, MANUAL)
    assert world.floor() is Floor.AGENT
    world.live(1_000, "what about tomorrow")
    assert ended(world) == []


def test_switching_to_the_voice_while_pressed_goes_on_listening_to_it() -> None:
    world = in_floor(Floor.USER, MANUAL)
    world.start_speaking()
    switch(world, AUTO)
    assert world.floor() is Floor.USER
    world.wait(500)
    world.stop_speaking()
    world.transcribe(QUESTION)
    world.wait(2_500)
    assert prompts(world) == [QUESTION]


def test_switching_to_the_voice_while_pressed_in_silence_ends_the_turn() -> None:
    world = in_floor(Floor.USER, MANUAL)
    switch(world, AUTO)
    assert world.floor() is Floor.ENDPOINTING
    world.transcribe(QUESTION)
    assert world.floor() is Floor.THINKING


def test_switching_to_the_voice_keeps_a_turn_whose_words_are_awaited() -> None:
    world = in_floor(Floor.ENDPOINTING, MANUAL)
    switch(world, AUTO)
    world.transcribe(QUESTION)
    assert prompts(world) == [QUESTION]


def test_a_voice_that_began_under_the_button_is_heard_after_switching() -> None:
    world = in_floor(Floor.OPEN, MANUAL)
    world.start_speaking()
    switch(world, AUTO)
    world.live(800, "what is")
    assert world.floor() is Floor.USER


@pytest.mark.parametrize("floor", Floor)
def test_the_dial_may_be_turned_in_every_floor(floor: Floor) -> None:
    world = in_floor(floor)
    world.clear()
    switch(world, TurnConfig(responsiveness=1.0))
    assert [type(command) for _, command in world.said] == [commands.ConfigChanged]
    assert world.floor() is floor


# ── tools ──


def test_the_model_is_shown_the_tools_when_there_are_others_and_not_before() -> None:
    world = new_world()
    world.configure(dataclasses.replace(world.config, language="de"))
    assert not world.every(commands.Prime)
    world.configure(dataclasses.replace(world.config, tools=(ToolSpec("look", "Looks.", "{}"),)))
    world.configure(dataclasses.replace(world.config, language="en"))
    (prime,) = world.every(commands.Prime)
    assert [message.role for message in prime.messages] == ["system"]
