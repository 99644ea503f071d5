"""The whole, as a list of times and events."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.situations import QUESTION, ask, hear, in_floor, new_world
from tests.core.world import placed
from voice_server.core import commands, events
from voice_server.core.conversation import Message
from voice_server.core.deadlines import Deadline
from voice_server.core.policy import DEFAULT_INSTRUCTIONS, Policy, SessionConfig
from voice_server.core.session import Session
from voice_server.core.turns import Floor
from voice_server.errors import CoreError


def test_a_plain_turn_in_numbers() -> None:
    session = Session(SessionConfig(output_rate_hz=16_000))
    samples, words = placed("Ten.")
    told: list[tuple[int, events.Event]] = [
        (0, events.SessionBegan()),
        (1_000, events.SpeechStarted(900, 1_000)),
        (2_000, events.SpeechStopped(1_850, 2_000)),
        (2_010, events.TurnScored(3, 0.99)),
        (2_040, events.Transcribed(2, "What time is it?", -0.1, 0.0)),
        (2_060, events.TextGenerated(1, "Ten.")),
        (2_061, events.GenerationEnded(1)),
        (2_100, events.AudioSynthesized(1, 0, samples, words)),
        (2_110, events.ClauseSynthesized(1, 0)),
    ]
    decided: list[tuple[int, commands.Command]] = []
    for at_ms, event in told:
        while (due_ms := session.next_deadline()) is not None and due_ms <= at_ms:
            decided += [(due_ms, command) for command in session.expire(due_ms)]
        decided += [(at_ms, command) for command in session.receive(event, at_ms)]
    assert decided == [
        (1_000, commands.TurnOpened(1, 900)),
        (1_000, commands.KeepInput(600)),
        (1_100, commands.Transcribe(1, 600, 1_100, final=False)),
        (2_000, commands.TurnPaused(1, 1_850)),
        (2_000, commands.Transcribe(2, 600, 2_000, final=True)),
        (2_000, commands.ScoreTurn(3, 600, 2_000)),
        (2_040, commands.TranscriptRevised(1, "What time is it?", 0)),
        (
            2_040,
            commands.Generate(
                1, (Message("system", DEFAULT_INSTRUCTIONS), Message("user", "What time is it?"))
            ),
        ),
        (2_040, commands.TranscriptCommitted(1, "What time is it?", 900, 1_850)),
        (2_040, commands.ResponseBegan(1, 1)),
        (2_040, commands.Play(1, 0)),
        (2_060, commands.TextAdded(1, "Ten.")),
        (2_061, commands.Synthesize(1, 0, "Ten.")),
        (2_061, commands.FinishAudio(1)),
        (2_100, commands.WordsPlaced(1, words)),
    ]
    assert session.next_deadline() == 2_350
    assert session.expire(2_350) == [
        commands.Discard(1),
        commands.ResponseEnded(
            1,
            "completed",
            "Ten.",
            "Ten.",
            {
                "transcript_final": 190,
                "turn_end": 190,
                "first_token": 210,
                "first_clause": 211,
                "first_audio": 250,
                "first_playback": 250,
            },
        ),
    ]
    assert session.floor is Floor.OPEN
    assert session.next_deadline() is None


def test_every_deadline_has_somebody_who_handles_it() -> None:
    assert set(Session(SessionConfig())._on_waking) == set(Deadline)


def test_speech_cannot_start_twice_and_nothing_changes() -> None:
    world = in_floor(Floor.USER)
    due_ms = world.session.next_deadline()
    with pytest.raises(CoreError, match="started while"):
        world.session.receive(events.SpeechStarted(1_200, 1_300), 1_300)
    assert (world.floor(), world.session.next_deadline()) == (Floor.USER, due_ms)
    assert world.session.receive(events.Interrupted(), world.now_ms) == []


def test_speech_cannot_stop_before_it_started() -> None:
    session = Session(SessionConfig())
    with pytest.raises(CoreError, match="stopped while"):
        session.receive(events.SpeechStopped(100, 200), 200)
    assert session.floor is Floor.OPEN


def test_the_alarm_clock_may_ring_too_early() -> None:
    world = in_floor(Floor.USER)
    due_ms = world.session.next_deadline()
    world.wait_late(-1)
    assert world.session.expire(world.now_ms) == []
    assert world.session.next_deadline() == due_ms


def test_played_samples_are_those_of_the_present_response_alone() -> None:
    world = in_floor(Floor.AGENT)
    assert world.session.played_samples(1, world.now_ms + 100) == 1_600
    assert world.session.played_samples(2, world.now_ms + 100) == 0
    assert in_floor(Floor.OPEN).session.played_samples(1, 100) == 0


def test_a_draft_that_the_user_talks_on_over_is_never_heard() -> None:
    world = new_world()
    world.start_speaking()
    world.wait(600)
    world.stop_speaking()
    world.transcribe("I would like to")
    world.generate("Yes? ")
    world.synthesize()
    world.clear()
    world.start_speaking()
    assert world.every(commands.Discard) == [commands.Discard(1)]
    world.wait(600)
    world.stop_speaking()
    world.transcribe("I would like to know what time it is.")
    world.wait(3_000)
    assert [o.messages[-1].content for o in world.every(commands.Generate)] == [
        "I would like to know what time it is."
    ]
    assert [fact.response for fact in world.every(commands.ResponseBegan)] == [2]


def test_a_turn_that_was_ended_too_early_is_joined_in_the_prompt() -> None:
    world = new_world()
    ask(world, "I would like to know.")
    assert world.floor() is Floor.THINKING
    world.clear()
    world.start_speaking()
    world.wait(400)
    world.transcribe("what time it is")
    assert [fact.status for fact in world.every(commands.ResponseEnded)] == ["interrupted"]
    world.wait(300)
    world.stop_speaking()
    world.transcribe("what time it is.")
    world.wait(3_000)
    prompt = world.every(commands.Generate)[-1].messages
    assert prompt[1:] == (Message("user", "I would like to know. what time it is."),)


def test_a_session_ends_after_nobody_spoke_for_long() -> None:
    world = new_world(policy=Policy(idle_limit_ms=5_000))
    ask(world)
    hear(world)
    world.wait(2_000)
    assert world.floor() is Floor.OPEN
    ended_ms = [at for at, command in world.said if isinstance(command, commands.ResponseEnded)]
    world.wait(60_000)
    assert world.said[-1] == (ended_ms[0] + 5_000, commands.SessionEnded("idle"))
    assert world.session.next_deadline() is None


@pytest.mark.parametrize("floor", Floor)
def test_a_session_can_end_in_every_floor_and_is_deaf_then(floor: Floor) -> None:
    world = in_floor(floor)
    began = len(world.every(commands.ResponseBegan))
    world.tell(events.UserTyped("Later.", interrupt=False))
    world.clear()
    world.tell(events.SessionEnding("client"))
    assert world.said[-1][1] == commands.SessionEnded("client")
    assert not world.every(commands.Play)
    assert not world.every(commands.ResponseResumed)
    assert len(world.every(commands.ResponseEnded)) <= began + 1
    assert world.session.ended
    assert world.session.next_deadline() is None
    assert world.tell(events.UserTyped("Hello?")) == []
    assert world.session.expire(world.now_ms + 10**9) == []


def test_a_change_of_settings_is_told_and_kept() -> None:
    world = in_floor(Floor.OPEN)
    config = dataclasses.replace(world.config, instructions="Rhyme.")
    world.configure(config)
    assert world.every(commands.ConfigChanged) == [commands.ConfigChanged(config)]
    assert world.session.config == config
    world.tell(events.UserTyped(QUESTION))
    assert world.every(commands.Generate)[-1].messages[0] == Message("system", "Rhyme.")
