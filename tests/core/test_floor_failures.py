"""Who speaks when a model fails, or answers late."""

from __future__ import annotations

import pytest

from tests.core.situations import QUESTION, in_floor
from voice_server.core import commands, events
from voice_server.core.policy import Policy
from voice_server.core.turns import Floor

POLICY = Policy()


def test_a_failed_transcription_makes_do_with_the_last_hypothesis() -> None:
    world = in_floor(Floor.USER)
    world.transcribe(QUESTION)
    world.stop_speaking()
    world.fail_transcription()
    assert [t.code for t in world.every(commands.Trouble)] == ["transcription_failed"]
    world.wait(2_500)
    assert [o.messages[-1].content for o in world.every(commands.Generate)] == [QUESTION]


def test_where_there_is_no_hypothesis_the_user_is_told_so() -> None:
    world = in_floor(Floor.USER)
    world.stop_speaking()
    world.fail_transcription()
    assert world.every(commands.Synthesize)[0].text == "Sorry, something went wrong and I have no answer."
    assert world.floor() is Floor.THINKING


def test_a_transcriber_that_never_answers_is_awaited_only_so_long() -> None:
    world = in_floor(Floor.USER)
    world.stop_speaking()
    world.wait(POLICY.transcript_timeout_ms)
    assert world.floor() is Floor.THINKING
    assert not world.every(commands.Generate)


def test_a_failed_transcription_in_a_contested_floor_takes_back_what_had_no_words() -> None:
    world = in_floor(Floor.CONTESTED)
    world.stop_speaking()
    world.fail_transcription()
    assert world.floor() is Floor.AGENT


def test_a_failed_partial_is_asked_for_again() -> None:
    world = in_floor(Floor.CONTESTED)
    world.wait(300)
    world.fail_transcription()
    world.wait(POLICY.contest_interval_ms)
    world.transcribe("what about")
    assert world.floor() is Floor.USER


@pytest.mark.parametrize("floor", [Floor.OPEN, Floor.THINKING, Floor.AGENT])
def test_a_transcript_that_nobody_waits_for_changes_nothing(floor: Floor) -> None:
    world = in_floor(floor)
    due_ms = world.session.next_deadline()
    assert world.tell(events.TranscriptionFailed(1, "late")) == []
    assert world.tell(events.Transcribed(1, "late", 0.0, 0.0)) == []
    assert (world.floor(), world.session.next_deadline()) == (floor, due_ms)


def test_whispers_guess_at_a_noise_is_no_word() -> None:
    world = in_floor(Floor.USER)
    world.stop_speaking()
    world.transcribe("Thanks for watching!", logprob=-1.2, no_speech=0.8)
    assert world.floor() is Floor.OPEN


def test_without_a_turn_detector_the_silence_alone_decides() -> None:
    world = in_floor(Floor.USER)
    world.stop_speaking()
    world.transcribe(QUESTION)
    for _ in range(40):
        world.score_turn(None)
        world.wait(60)
    assert world.floor() is Floor.THINKING
