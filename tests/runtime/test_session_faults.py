"""What goes wrong around a session: models that fail, clients that stall or vanish, adapters with bugs."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, repeat

import pytest

from tests.runtime.stage import CONFIG, LOUD, OPTIONS, Stage
from tests.runtime.staged_models import word_by_word
from voice_server.adapters.scripted_listening import (
    NOTHING,
    Rule,
    ScriptedTurnDetector,
    ScriptedVoiceDetector,
)
from voice_server.adapters.scripted_speaking import Replies, in_turn
from voice_server.audio.pcm import Pcm
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.policy import Policy
from voice_server.errors import ModelError, OverloadedError
from voice_server.ports import Farewell, Refused
from voice_server.runtime.inbound import Alive
from voice_server.runtime.outbox import FACT_LIMIT

APOLOGY = Policy().apology
BROKEN = ModelError("it broke")


# ── models that fail ──


@pytest.mark.parametrize(
    ("replies", "text"),
    [
        (in_turn([BROKEN]), APOLOGY),
        (in_turn(["Well, ", BROKEN]), f"Well, {APOLOGY}"),
        (in_turn([]), APOLOGY),
        (in_turn(["Well, ", asyncio.Event()]), f"Well, {APOLOGY}"),
    ],
    ids=["down", "fails in the middle", "says nothing", "stalls in the middle"],
)
async def test_where_the_language_model_fails_the_user_hears_an_apology(replies: Replies, text: str) -> None:
    stage = Stage()
    stage.replies = replies
    async with stage.running():
        response = await stage.ask(answer_begins_in_ms=10_000)
        assert stage.language_model.running == 0
        await stage.wait(15_000)
        stage.replies = word_by_word(stage.clock)
        await stage.speak(800)
        await stage.rest(1_000)
        await stage.wait(10_000)
    done = stage.done(response)
    assert (done.status, done.text, done.heard) == ("failed", text, text)
    assert [trouble.code for trouble in stage.told(facts.Trouble)] == ["generation_failed"]
    assert stage.told(facts.ResponseEnded)[-1].status == "completed"  # the next turn


async def test_where_nothing_can_be_transcribed_the_user_hears_an_apology() -> None:
    stage = Stage()
    async with stage.running():
        stage.hypothesis = BROKEN
        await stage.ask()
        await stage.wait(8_000)
    assert [trouble.code for trouble in stage.told(facts.Trouble)] == ["transcription_failed"]
    assert stage.told(facts.ResponseEnded)[0].heard == APOLOGY


async def test_a_transcriber_that_fails_at_the_end_leaves_the_words_that_were_there() -> None:
    stage = Stage()
    async with stage.running():
        await stage.speak(800)
        question = stage.hypothesis
        stage.hypothesis = OverloadedError("its queue is full")
        await stage.rest(4_000)
        stage.hypothesis = question
    assert stage.told(facts.TranscriptCommitted)[0].text == "What time is it?"
    assert len(stage.told(facts.ResponseEnded)) == 1


async def test_a_synthesizer_that_fails_ends_the_answer_where_its_audio_ends() -> None:
    stage = Stage()

    async def speak_the_first_clause_only(text: str) -> None:
        if len(stage.synthesizer.clauses) > 1:
            raise BROKEN

    stage.before_clause = speak_the_first_clause_only
    stage.replies = in_turn(["It is noon. ", "Or so. ", "And", asyncio.Event()])
    async with stage.running():
        response = await stage.ask()
        await stage.rest(200)
        assert stage.language_model.running == 0
        assert not stage.told(facts.ResponseEnded)
        await stage.rest(5_000)
    done, frames = stage.done(response), stage.frames(response)
    assert (done.status, done.heard) == ("failed", stage.synthesizer.clauses[0])
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert [trouble.code for trouble in stage.told(facts.Trouble)] == ["synthesis_failed"]


async def test_a_synthesizer_that_stalls_ends_the_answer_too() -> None:
    stage = Stage()

    async def speak_the_first_clause_only(text: str) -> None:
        if len(stage.synthesizer.clauses) > 1:
            await asyncio.Event().wait()

    stage.before_clause = speak_the_first_clause_only
    async with stage.running():
        response = await stage.ask()
        await stage.wait(15_000)
    done = stage.done(response)
    assert (done.status, done.heard) == ("failed", stage.synthesizer.clauses[0])
    assert [trouble.code for trouble in stage.told(facts.Trouble)] == ["synthesis_failed"]


def _fail(call: int, samples: Pcm) -> float:
    raise BROKEN


def _give_no_number(call: int, samples: Pcm) -> float:
    return math.nan


async def _end_of_turn_ms(opinion: Rule[float]) -> int:
    stage = Stage()
    stage.turns = ScriptedTurnDetector(opinion)
    async with stage.running():
        await stage.ask(answer_begins_in_ms=4_000)
    assert len(stage.told(facts.TranscriptCommitted)) == 1
    return stage.time_of(facts.TranscriptCommitted)


@pytest.mark.parametrize("opinion", [_fail, _give_no_number])
async def test_a_turn_detector_that_fails_leaves_the_silence_to_decide(opinion: Rule[float]) -> None:
    certain_ms = await _end_of_turn_ms(lambda call, samples: 1.0)
    unlikely_ms = await _end_of_turn_ms(lambda call, samples: 0.0)
    assert await _end_of_turn_ms(opinion) == unlikely_ms > certain_ms


async def test_a_judge_that_fails_hears_nothing_and_the_turn_ends(caplog: pytest.LogCaptureFixture) -> None:
    def fail_after_half_a_second(call: int, samples: Pcm) -> float:
        if call > 25:
            raise BROKEN
        return 1.0

    stage = Stage()
    stage.judge = ScriptedVoiceDetector(fail_after_half_a_second)
    async with stage.running():
        await stage.speak(2_000)
        await stage.rest(3_000)
    assert len(stage.told(facts.TranscriptCommitted)) == 1
    assert [record.message for record in caplog.records] == [
        "a voice detector failed, and may go on failing: it broke"
    ]


async def test_a_session_does_not_wait_for_models_that_never_answer() -> None:
    stage = Stage()
    stage.replies = in_turn([asyncio.Event()])
    async with stage.running() as session:
        await stage.speak(800)
        await stage.rest(1_000)
        await stage.tell(events.SessionEnding("client"))
        assert session.done()


# ── bugs ──


def _divide(*_: object) -> float:
    return 1 / 0


async def _divide_later(text: str) -> None:
    _divide()


def _in_the_judge(stage: Stage) -> None:
    stage.judge = ScriptedVoiceDetector(_divide)


def _in_the_turn_detector(stage: Stage) -> None:
    stage.turns = ScriptedTurnDetector(_divide)


def _in_the_language_model(stage: Stage) -> None:
    stage.replies = lambda call, messages: [str(_divide())]


def _in_the_synthesizer(stage: Stage) -> None:
    stage.before_clause = _divide_later


def _a_connection_error(stage: Stage) -> None:
    def refuse(call: int, messages: object) -> list[str]:
        raise ConnectionError("to the model, not to the client")

    stage.replies = refuse


@pytest.mark.parametrize(
    "plant",
    [
        _in_the_judge,
        _in_the_turn_detector,
        _in_the_language_model,
        _in_the_synthesizer,
        _a_connection_error,
    ],
)
async def test_a_bug_in_an_adapter_ends_its_session_loudly_and_no_other(
    plant: Callable[[Stage], None], caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    other = Stage(clock=stage.clock)
    plant(stage)
    async with other.running(), stage.running() as session:
        await stage.speak(800)
        await stage.rest(2_000)
        assert session.done()
        assert stage.link.farewell is Farewell.FAILED
        response = await other.ask()
        await other.rest(5_000)
    assert other.done(response).status == "completed"
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.message == "session s_1 ended by a bug"
    assert record.exc_info


# ── clients ──


async def test_a_client_that_vanishes_in_the_middle_of_an_answer_ends_everything() -> None:
    stage = Stage()
    stage.replies = in_turn(["Well, ", "let ", "me ", "think. ", asyncio.Event()])
    async with stage.running() as session:
        await stage.ask()
        assert stage.language_model.running == 1
        await stage.hang_up()
        assert session.done()
        assert stage.language_model.running == 0
    assert stage.link.farewell is None


async def test_a_client_that_is_found_gone_when_it_is_sent_something_ends_everything() -> None:
    stage = Stage()
    async with stage.running() as session:
        await stage.ask()
        stage.link.leave()  # and what it sent does not end
        await stage.rest(100)
        assert session.done()


async def test_a_client_that_vanishes_while_it_is_sent_something_is_not_waited_for() -> None:
    stage = Stage()
    async with stage.running() as session:
        await stage.ask()
        stage.link.stop_reading()
        await stage.rest(40)
        await stage.say_no_more()
        assert session.done()


async def test_a_client_that_stops_reading_is_given_up_at_the_stated_time() -> None:
    stage = Stage()
    async with stage.running() as session:
        await stage.ask()
        stage.link.stop_reading()
        await stage.rest(OPTIONS.stall_limit_ms - 40)
        assert not session.done()
        await stage.rest(60)
        assert session.done()
    assert stage.link.farewell is Farewell.UNRESPONSIVE


async def test_a_client_that_reads_on_in_time_misses_nothing() -> None:
    stage = Stage()
    async with stage.running():
        response = await stage.ask()
        stage.link.stop_reading()
        await stage.rest(OPTIONS.stall_limit_ms - 200)
        stage.link.read_on()
        await stage.rest(5_000)
    positions = [frame.position for frame in stage.frames(response)]
    assert positions == [index * 320 for index in range(len(positions))]
    assert stage.done(response).status == "completed"


async def test_a_client_that_reads_nothing_does_not_grow_the_queue_without_bound() -> None:
    stage = Stage()
    async with stage.running() as session:
        stage.link.stop_reading()
        for number in range(FACT_LIMIT + 10):
            stage.send(Refused("bad_field", f"number {number}"))
        await stage.clock.settle()
        await stage.clock.settle()
        assert session.done()
    assert stage.link.farewell is Farewell.UNRESPONSIVE


async def test_a_session_that_ends_does_not_wait_for_a_client_that_does_not_read() -> None:
    stage = Stage()
    async with stage.running() as session:
        await stage.ask()
        stage.link.stop_reading()
        await stage.rest(100)
        await stage.tell(events.SessionEnding("client"))
        await stage.wait(OPTIONS.stall_limit_ms)
        assert session.done()
    assert stage.link.farewell is Farewell.UNRESPONSIVE


async def test_a_client_that_says_nothing_for_two_heartbeats_is_dead() -> None:
    stage = Stage()
    async with stage.running() as session:
        await stage.wait(10_000)
        await stage.tell(Alive())
        await stage.wait(19_999)
        assert not session.done()
        await stage.wait(10_001)
        assert session.done()
    assert stage.link.farewell is Farewell.UNRESPONSIVE


async def test_also_between_two_pings_it_is_dead_after_two_heartbeats_and_not_three() -> None:
    stage = Stage()
    async with stage.running() as session:
        await stage.wait(9_000)
        await stage.tell(Alive())
        await stage.wait(19_999)
        assert not session.done()
        await stage.wait(2)
        assert session.done()
    assert stage.link.farewell is Farewell.UNRESPONSIVE


async def test_sound_that_comes_faster_than_it_is_heard_waits_outside() -> None:
    stage = Stage()
    deaf = asyncio.Event()

    class SlowStream:
        async def push(self, frame: Pcm) -> float:
            await deaf.wait()
            return 0.0

        def skip(self, frame: Pcm) -> None:
            raise AssertionError("the gate hears every frame")

        def reset(self) -> None:
            raise AssertionError("nobody resets it")

    class SlowGate:
        def open(self) -> SlowStream:
            return SlowStream()

    stage.gate = SlowGate()
    async with stage.running():
        for sound in chain(repeat(stage.sound(LOUD, ms=200), 20), repeat(stage.sound(LOUD), 100)):
            stage.send(sound)
        await stage.clock.settle()
        await stage.clock.settle()
        queued_ms, at_the_ear_ms, being_cut_ms = 50 * 20, 20, 200
        assert queued_ms < stage.taken_ms <= queued_ms + at_the_ear_ms + being_cut_ms
        deaf.set()
        await stage.clock.settle()


async def test_the_server_can_end_a_session_from_outside() -> None:
    stage = Stage()
    async with stage.running() as session:
        response = await stage.ask()
        stage.runner.end("the server restarts", Farewell.RESTARTING)
        await stage.clock.settle()
        assert session.done()
    assert stage.told(facts.SessionEnded) == [facts.SessionEnded("the server restarts")]
    assert stage.done(response).status == "interrupted"
    assert stage.link.farewell is Farewell.RESTARTING


async def test_nobody_speaks_for_long_and_the_session_ends() -> None:
    stage = Stage(options=replace(OPTIONS, policy=Policy(idle_limit_ms=3_000)))
    stage.hypothesis = NOTHING
    async with stage.running() as session:
        await stage.rest(3_000)
        assert session.done()
    assert stage.told(facts.SessionEnded) == [facts.SessionEnded("idle")]
    assert stage.config == CONFIG
    assert stage.link.farewell is Farewell.ENDED
