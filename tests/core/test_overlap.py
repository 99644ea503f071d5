"""What is said over an answer that may not be interrupted."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.situations import QUESTION, hear, in_floor
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.policy import Policy, TurnConfig
from voice_server.core.requests import AnswerWanted, InputCleared, InputCommitted
from voice_server.core.turns import Floor

OVER = TurnConfig(barge_in=False, hears_over=True)
UNANSWERED = TurnConfig(barge_in=False, hears_over=True, answers=False)
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."
MORE = "And what about tomorrow?"


def speaking(turn: TurnConfig = OVER, policy: Policy | None = None) -> World:
    """The assistant speaks for four seconds, and the user has begun to."""
    world = in_floor(Floor.THINKING, OVER, policy)
    world.configure(dataclasses.replace(world.config, turn=turn))
    hear(world, LONG)
    assert world.floor() is Floor.AGENT
    world.wait(500)
    world.clear()
    world.start_speaking()
    return world


def say(world: World, text: str = MORE) -> None:
    """The user says it to its end."""
    world.wait(600)
    world.transcribe(text)
    world.stop_speaking()
    world.transcribe(text)
    world.score_turn(0.99)


def committed(world: World) -> list[str]:
    return [fact.text for fact in world.every(commands.TranscriptCommitted)]


def said(world: World) -> list[tuple[str, str]]:
    return [(entry.role, entry.content) for entry in world.session.conversation.entries]


def test_it_is_a_turn_while_the_answer_goes_on_and_answered_after_it() -> None:
    world = speaking()
    say(world)
    world.wait(900)
    assert world.floor() is Floor.AGENT
    assert committed(world) == [MORE]
    assert not world.every(commands.ResponseStopped)
    assert not world.every(commands.ResponseBegan)
    world.wait(3_000)
    (ended,) = world.every(commands.ResponseEnded)
    assert (ended.status, ended.heard) == ("completed", LONG)
    (turn,) = world.every(commands.TranscriptCommitted)
    (began,) = world.every(commands.ResponseBegan)
    assert began.turn == turn.turn
    assert said(world) == [("user", QUESTION), ("assistant", LONG), ("user", MORE)]


def test_it_is_told_as_it_happens() -> None:
    world = speaking()
    say(world)
    world.wait(900)
    told = (
        commands.TurnOpened,
        commands.TranscriptRevised,
        commands.TurnPaused,
        commands.TranscriptRevised,
        commands.TranscriptCommitted,
    )
    kinds = [type(command) for _, command in world.said if isinstance(command, told)]
    assert kinds == list(told)


def test_a_turn_that_is_not_over_with_the_answer_takes_the_floor() -> None:
    world = speaking()
    world.wait(3_600)
    assert world.every(commands.ResponseEnded)
    assert world.floor() is Floor.USER
    say(world)
    world.wait(1_500)
    assert committed(world) == [MORE]
    assert len(world.every(commands.TurnOpened)) == len(world.every(commands.ResponseBegan)) == 1


def test_a_silence_that_is_not_over_with_the_answer_is_weighed_after_it() -> None:
    world = speaking()
    world.wait(2_700)
    world.stop_speaking()
    world.transcribe("and what about the")
    world.wait(900)
    assert world.every(commands.ResponseEnded)
    assert world.floor() is Floor.ENDPOINTING
    world.start_speaking()
    assert world.floor() is Floor.USER
    say(world)
    world.wait(1_500)
    assert committed(world) == [MORE]


def test_who_goes_on_after_a_pause_has_one_turn() -> None:
    world = speaking()
    world.wait(400)
    world.stop_speaking()
    world.transcribe("And what about")
    world.wait(300)
    world.start_speaking()
    say(world)
    world.wait(900)
    assert committed(world) == [MORE]
    assert len({fact.turn for fact in world.every(commands.TurnOpened)}) == 1


def test_two_turns_over_one_answer_have_one_answer() -> None:
    world = speaking()
    say(world, "What time is it?")
    world.wait(500)
    assert committed(world) == ["What time is it?"]
    world.start_speaking()
    say(world)
    world.wait(4_000)
    assert len(world.every(commands.ResponseBegan)) == 1
    assert said(world)[-1] == ("user", f"What time is it? {MORE}")


@pytest.mark.parametrize("text", ["", "..."])
def test_a_noise_is_no_turn(text: str) -> None:
    world = speaking()
    say(world, text)
    world.wait(5_000)
    assert committed(world) == []
    assert not world.every(commands.ResponseBegan)
    assert [fact.status for fact in world.every(commands.ResponseEnded)] == ["completed"]


def test_a_backchannel_is_kept_and_not_answered() -> None:
    world = speaking()
    say(world, "Mm-hmm.")
    world.wait(5_000)
    assert committed(world) == ["Mm-hmm."]
    assert not world.every(commands.ResponseBegan)
    assert (world.floor(), said(world)[-1]) == (Floor.OPEN, ("user", "Mm-hmm."))


def test_a_turn_that_nobody_answers_by_itself_is_kept() -> None:
    world = speaking(UNANSWERED)
    say(world)
    world.wait(5_000)
    assert not world.every(commands.ResponseBegan)
    assert said(world)[-1] == ("user", MORE)
    world.tell(AnswerWanted("r1"))
    assert [fact.asked for fact in world.every(commands.ResponseBegan)] == ["r1"]


def test_no_answer_can_be_asked_for_beside_the_one_that_goes_on() -> None:
    world = speaking()
    world.tell(AnswerWanted("r1"))
    assert [fact.asked for fact in world.every(commands.Trouble)] == ["r1"]


def test_before_the_answer_sounds_it_is_not_withdrawn_either() -> None:
    world = in_floor(Floor.THINKING, OVER)
    world.start_speaking()
    say(world)
    world.wait(900)
    assert (world.floor(), committed(world)) == (Floor.THINKING, [MORE])
    assert not world.every(commands.ResponseStopped)


def test_words_in_a_noise_that_was_there_before_are_a_turn_too() -> None:
    world = in_floor(Floor.OPEN, OVER)
    world.start_speaking()
    world.transcribe_until(lambda: world.floor() is Floor.OPEN, "")
    world.tell(events.UserTyped(QUESTION))
    hear(world, LONG)
    world.clear()
    world.wait(600)
    world.transcribe("and what about")
    (opened,) = world.every(commands.TurnOpened)
    assert opened.turn
    say(world)
    world.wait(900)
    assert committed(world) == [MORE]
    assert world.floor() is Floor.AGENT


def test_a_noise_that_goes_on_after_the_words_does_not_hold_them_up() -> None:
    world = in_floor(Floor.THINKING, OVER)
    hear(world, f"{LONG} {LONG} {LONG}")
    world.start_speaking()
    world.transcribe_until(lambda: committed(world), MORE)
    assert world.speaking
    assert world.floor() is Floor.AGENT


def test_a_long_one_is_split_and_answered_as_a_whole() -> None:
    world = speaking(policy=Policy(turn_limit_ms=1_000))
    world.wait(600)
    world.transcribe("I would like to know")
    world.wait(1_000)
    assert committed(world) == ["I would like to know"]
    say(world, "what time it is.")
    world.wait(5_000)
    assert said(world)[-1] == ("user", "I would like to know what time it is.")
    assert len(world.every(commands.ResponseBegan)) == 1


def test_words_that_cannot_be_had_are_trouble_and_no_apology() -> None:
    world = speaking()
    world.wait(600)
    world.stop_speaking()
    world.fail_transcription()
    world.wait(5_000)
    assert [fact.code for fact in world.every(commands.Trouble)] == ["transcription_failed"]
    assert not world.every(commands.ResponseBegan)


# ── what the client does meanwhile ──


def test_the_stop_button_gives_the_user_the_floor() -> None:
    world = speaking()
    world.tell(events.Interrupted())
    assert world.floor() is Floor.USER
    say(world)
    world.wait(1_500)
    assert committed(world) == [MORE]


def test_typing_ends_the_answer_and_waits_for_the_turn() -> None:
    world = speaking()
    world.tell(events.UserTyped("Stop."))
    assert world.floor() is Floor.USER
    say(world)
    world.wait(1_500)
    assert said(world)[-1] == ("user", f"Stop. {MORE}")


@pytest.mark.parametrize("begun", [True, False])
def test_a_commit_ends_the_turn_and_not_the_answer(begun: bool) -> None:
    world = speaking() if begun else in_floor(Floor.AGENT, OVER)
    world.wait(500)
    world.tell(InputCommitted(world.heard_ms - 400, world.heard_ms))
    world.transcribe(MORE)
    assert (world.floor(), committed(world)) == (Floor.AGENT, [MORE])


def test_push_to_talk_by_commits_does_not_end_the_answer() -> None:
    world = in_floor(Floor.AGENT, OVER)
    manual = dataclasses.replace(UNANSWERED, mode="manual")
    world.configure(dataclasses.replace(world.config, turn=manual))
    world.wait(500)
    world.start_speaking()
    world.tell(InputCommitted(0, world.heard_ms))
    world.stop_speaking()
    world.transcribe(MORE)
    assert (world.floor(), committed(world)) == (Floor.AGENT, [MORE])
    assert len(world.every(commands.TurnPaused)) == 1


def test_what_is_cleared_is_forgotten() -> None:
    world = speaking()
    world.wait(300)
    world.tell(InputCleared(world.heard_ms))
    world.transcribe(MORE)
    world.wait(5_000)
    assert committed(world) == []
    assert len(world.every(commands.TurnPaused)) == 1


def test_a_lost_client_has_said_what_arrived() -> None:
    world = speaking()
    world.wait(300)
    world.disconnect()
    world.end_sound()
    world.transcribe(MORE)
    assert committed(world) == [MORE]


@pytest.mark.parametrize(
    "turn",
    [TurnConfig(), TurnConfig(barge_in=False), TurnConfig(mode="manual")],
    ids=["in", "deaf", "manual"],
)
def test_a_turn_comes_to_its_end_whatever_the_settings_become(turn: TurnConfig) -> None:
    world = speaking()
    world.configure(dataclasses.replace(world.config, turn=turn))
    say(world)
    world.wait(1_500)
    assert committed(world) == [MORE]
    world.wait(3_000)
    assert [fact.status for fact in world.every(commands.ResponseEnded)] == ["completed"]
    assert len(world.every(commands.ResponseBegan)) == 1


def test_the_session_may_end_meanwhile() -> None:
    world = speaking()
    world.tell(events.SessionEnding("client"))
    kinds = [type(command) for _, command in world.said]
    assert kinds.index(commands.TurnPaused) < kinds.index(commands.SessionEnded)
