"""News while the assistant speaks, is about to, or does not; and while the user does."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.situations import QUESTION, hear, in_floor, new_world
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.bulletin import RESTARTS
from voice_server.core.conversation import Message
from voice_server.core.tools import Speak
from voice_server.core.turns import Floor

NEWS = "The train is late."
LONG = "It is ten. The sun is shining. The birds are singing. All is well."


def add(world: World, speak: Speak = "now", text: str = NEWS) -> None:
    world.tell(events.ContextAdded(text, speak))


def prompts(world: World) -> list[tuple[Message, ...]]:
    return [order.messages[1:] for order in world.every(commands.Generate)]


def ended(world: World) -> list[tuple[str, str]]:
    return [(fact.status, fact.heard) for fact in world.every(commands.ResponseEnded)]


def speaking(text: str = LONG) -> World:
    world = in_floor(Floor.THINKING)
    hear(world, text)
    world.wait(100)
    assert world.floor() is Floor.AGENT
    return world


# ── nobody speaks ──


@pytest.mark.parametrize("speak", ["now", "when_idle"])
def test_where_nobody_speaks_news_is_spoken_about_at_once(speak: Speak) -> None:
    world = new_world()
    add(world, speak)
    assert prompts(world) == [(Message("system", NEWS),)]
    assert world.floor() is Floor.THINKING
    hear(world, "Your train is late.")
    world.wait(3_000)
    assert ended(world) == [("completed", "Your train is late.")]


def test_what_is_never_spoken_about_is_known() -> None:
    world = new_world()
    add(world, "never")
    assert world.floor() is Floor.OPEN
    world.tell(events.UserTyped(QUESTION))
    assert prompts(world) == [(Message("system", NEWS), Message("user", QUESTION))]


def test_news_is_spoken_about_once() -> None:
    world = new_world()
    add(world)
    hear(world, "Your train is late.")
    world.wait(60_000)
    assert len(prompts(world)) == 1


def test_two_pieces_of_news_are_told_together() -> None:
    world = in_floor(Floor.AGENT)
    add(world, "when_idle", "One.")
    add(world, "when_idle", "Two.")
    world.wait(5_000)
    assert prompts(world)[-1][-1] == Message("system", "One. Two.")
    assert len(prompts(world)) == 2


# ── the assistant speaks ──


def test_news_interrupts_at_the_end_of_the_clause() -> None:
    world = speaking()
    add(world)
    assert world.floor() is Floor.AGENT
    (order,) = world.every(commands.Curtail)
    assert order.clauses == 1
    assert not world.every(commands.ResponseStopped)
    world.wait(1_000)
    assert [stop.reason for stop in world.every(commands.ResponseStopped)] == ["replaced"]
    assert ended(world) == [("interrupted", "It is ten.")]
    assert prompts(world)[-1] == (
        Message("user", QUESTION),
        Message("assistant", "It is ten."),
        Message("system", NEWS),
    )


def test_a_clause_without_a_mark_is_no_place_to_stop() -> None:
    world = speaking("It is a quarter past ten now. The sun is shining.")
    add(world)
    world.wait(2_500)
    assert ended(world) == [("interrupted", "It is a quarter past ten now.")]


def test_the_end_of_a_sentence_that_is_still_being_generated_is_waited_for() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is a quarter ")
    world.synthesize()
    add(world)
    world.generate("past ten now. And the sun ")
    while world.clauses:
        world.synthesize()
    world.wait(2_500)
    assert ended(world) == [("interrupted", "It is a quarter past ten now.")]


def test_nothing_of_the_rest_is_spoken_any_more() -> None:
    world = in_floor(Floor.THINKING)
    world.generate(LONG)
    world.synthesize()
    add(world)
    world.generate(" And more.")
    world.synthesize()
    world.wait(1_500)
    assert ended(world) == [("interrupted", "It is ten.")]


def test_a_clause_that_is_still_being_made_is_spoken_to_its_end() -> None:
    world = in_floor(Floor.THINKING)
    world.generate(LONG)
    world.synthesize(whole=False)
    add(world)
    (order,) = world.every(commands.Curtail)
    assert (order.clauses, order.end_sample) == (1, None)
    world.synthesize()
    world.wait(1_500)
    assert ended(world) == [("interrupted", "It is ten.")]


def test_the_last_clause_needs_no_cut() -> None:
    world = speaking("It is ten.")
    add(world)
    world.wait(1_500)
    assert not world.every(commands.Curtail)
    assert ended(world) == [("completed", "It is ten.")]
    assert prompts(world)[-1][-1] == Message("system", NEWS)


def test_news_that_can_wait_does() -> None:
    world = speaking()
    add(world, "when_idle")
    world.wait(10_000)
    assert ended(world) == [("completed", LONG)]
    assert prompts(world)[-1][-2:] == (Message("assistant", LONG), Message("system", NEWS))


def test_a_greeting_is_spoken_to_its_end() -> None:
    world = new_world(greeting="Hello there. Who is it? I am all ears.")
    while world.clauses:
        world.synthesize()
    world.wait(100)
    add(world)
    world.wait(10_000)
    assert ended(world)[0] == ("completed", "Hello there. Who is it? I am all ears.")


def test_a_barge_in_before_the_end_of_the_clause_is_one() -> None:
    world = speaking()
    add(world)
    world.start_speaking()
    world.wait(400)
    world.transcribe("Wait, what about me?")
    assert world.floor() is Floor.USER
    assert [stop.reason for stop in world.every(commands.ResponseStopped)] == ["barge_in"]
    world.stop_speaking()
    world.transcribe("Wait, what about me?")
    world.wait(2_500)
    assert prompts(world)[-1][-2:] == (Message("system", NEWS), Message("user", "Wait, what about me?"))
    hear(world, "You too.")
    world.wait(10_000)
    assert ended(world)[-1] == ("completed", "You too.")


def test_a_noise_before_the_end_of_the_clause_is_taken_back() -> None:
    world = speaking()
    add(world)
    world.start_speaking()
    world.wait(400)
    world.stop_speaking()
    world.transcribe("")
    world.wait(3_000)
    assert ended(world) == [("interrupted", "It is ten.")]
    assert prompts(world)[-1][-1] == Message("system", NEWS)


# ── the answer is being made ──


def test_an_answer_that_has_not_sounded_begins_anew() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is")
    add(world)
    assert ended(world) == [("interrupted", "")]
    assert prompts(world)[-1] == (Message("user", QUESTION), Message("system", NEWS))
    assert [fact.turn for fact in world.every(commands.ResponseBegan)] == [1, 1]
    hear(world, "It is ten, and your train is late.")
    world.wait(5_000)
    assert ended(world)[-1] == ("completed", "It is ten, and your train is late.")


def test_news_without_end_does_not_silence_an_answer() -> None:
    world = in_floor(Floor.THINKING)
    for number in range(RESTARTS + 5):
        world.wait(100)
        add(world, text=f"News {number}.")
    assert len(prompts(world)) == 1 + RESTARTS
    hear(world)
    world.wait(100)
    assert world.floor() is Floor.AGENT


# ── the user speaks ──


def test_news_during_a_turn_is_answered_with_it() -> None:
    world = in_floor(Floor.USER)
    add(world)
    world.stop_speaking()
    world.transcribe(QUESTION)
    world.wait(2_500)
    assert prompts(world)[-1] == (Message("system", NEWS), Message("user", QUESTION))
    hear(world)
    world.wait(60_000)
    assert len(world.every(commands.ResponseBegan)) == 1


def test_a_draft_that_does_not_know_the_news_is_made_anew() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.transcribe("I would like to")
    add(world)
    assert world.every(commands.Discard) == [commands.Discard(1)]
    assert prompts(world)[-1] == (Message("system", NEWS), Message("user", "I would like to"))


def test_a_draft_need_not_know_what_is_never_spoken_about() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.transcribe("I would like to")
    add(world, "never")
    assert not world.every(commands.Discard)


def test_news_is_told_when_the_turn_had_no_words() -> None:
    world = in_floor(Floor.USER)
    add(world, "when_idle")
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.THINKING
    assert prompts(world)[-1] == (Message("system", NEWS),)


def test_news_about_which_nothing_was_heard_is_told_again() -> None:
    world = new_world()
    add(world)
    world.start_speaking()
    world.wait(400)
    world.transcribe("Stop.")
    world.stop_speaking()
    world.transcribe("")
    world.live(5_000, "")
    assert prompts(world)[-1][0] == Message("system", NEWS)
    assert ended(world)[-1][0] == "completed"


# ── written answers ──


def test_a_written_answer_is_not_cut() -> None:
    world = new_world()
    world.configure(dataclasses.replace(world.config, speech=False))
    world.tell(events.UserTyped(QUESTION))
    world.generate("It is")
    add(world)
    world.generate(" ten.")
    world.end_generation()
    world.wait(20)
    assert ended(world) == [("completed", "It is ten.")]
    assert prompts(world)[-1][-1] == Message("system", NEWS)
