"""Whole turns: what the client is told and hears, in which order."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.runtime.fake_link import Told
from tests.runtime.stage import CONFIG, LOUD, QUESTION, Stage
from tests.runtime.staged_models import ANSWER, pause
from voice_server.adapters.scripted_listening import ScriptedTranscriber, in_turn, said
from voice_server.audio.pcm import Pcm
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.policy import TurnConfig
from voice_server.core.trace import replay
from voice_server.ports import Farewell, Hypothesis, Opened, Pinged, Ponged, Refused
from voice_server.runtime.peer_clock import RoundTrip


async def test_a_spoken_question_is_answered_in_the_order_that_a_client_may_rely_on() -> None:
    stage = Stage()
    async with stage.running():
        response = await stage.ask()
        await stage.rest(5_000)
    kinds: list[object] = [
        type(entry.item) if isinstance(entry, Told) else "audio" for entry in stage.link.received
    ]
    order = [
        Opened,
        facts.TurnOpened,
        facts.TurnPaused,
        facts.TranscriptCommitted,
        facts.ResponseBegan,
        "audio",
        facts.ResponseEnded,
    ]
    places = [kinds.index(kind) for kind in order]
    assert places == sorted(places)
    assert stage.told(facts.TranscriptCommitted)[0].text == QUESTION
    assert stage.done(response).status == "completed"
    assert stage.done(response).text == stage.done(response).heard == ANSWER
    assert stage.told(facts.ResponseStopped) == []


async def test_messages_are_numbered_from_one_and_timed_by_the_session() -> None:
    stage = Stage()
    await stage.wait(5_000)  # the session begins later than the clock
    async with stage.running():
        await stage.ask()
    told = [entry for entry in stage.link.received if isinstance(entry, Told)]
    assert [entry.seq for entry in told] == list(range(1, len(told) + 1))
    assert [entry.t_ms for entry in told] == [entry.at_ms - 5_000 for entry in told]


async def test_the_words_are_told_while_they_are_spoken() -> None:
    stage = Stage()
    async with stage.running():
        await stage.speak(1_500)
        assert {fact.text for fact in stage.told(facts.TranscriptRevised)} == {QUESTION}
        assert stage.told(facts.TranscriptCommitted) == []
    assert [request.final for request in stage.transcriber.requests[:3]] == [False] * 3


async def test_a_newer_hypothesis_replaces_the_one_that_is_being_made() -> None:
    stage = Stage()
    slow = stage.transcriber = SlowTranscriber(stage)
    async with stage.running():
        await stage.speak(1_500)
        await stage.rest(3_000)
    assert slow.at_once == 1
    assert stage.told(facts.TranscriptCommitted)[0].text == QUESTION


class SlowTranscriber(ScriptedTranscriber):
    """Takes 400 ms for each hypothesis."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(in_turn([said(QUESTION)]))
        self.at_once = self._running = 0
        self._clock = stage.clock

    async def transcribe(self, samples: Pcm, *, deadline_ms: int, language: str, final: bool) -> Hypothesis:
        self._running += 1
        self.at_once = max(self.at_once, self._running)
        try:
            await pause(self._clock, 400)
        finally:
            self._running -= 1
        return await super().transcribe(samples, deadline_ms=deadline_ms, language=language, final=final)


async def test_all_of_the_voice_arrives_without_a_hole_and_the_last_frame_says_so() -> None:
    stage = Stage()
    async with stage.running():
        response = await stage.ask()
        await stage.rest(5_000)
    frames = stage.frames(response)
    assert frames[0].position == 0
    assert all(b.position == a.position + len(a.pcm) // 2 for a, b in pairwise(frames))
    assert frames[-1].position + len(frames[-1].pcm) // 2 > stage.words(response)[-1].end_sample
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert max(len(frame.pcm) for frame in frames) == 640


async def test_the_next_prompt_holds_what_was_said() -> None:
    stage = Stage()
    async with stage.running():
        await stage.ask()
        await stage.rest(5_000)
        await stage.speak(800)
        await stage.rest(1_000)
    system, *entries = stage.prompts[-1]
    assert (system.role, system.content) == ("system", CONFIG.instructions)
    assert [(entry.role, entry.content) for entry in entries] == [
        ("user", QUESTION),
        ("assistant", ANSWER),
        ("user", QUESTION),
    ]


async def test_a_typed_turn_is_answered_and_ends_the_answer_before_it() -> None:
    stage = Stage()
    async with stage.running():
        first = await stage.ask()
        await stage.rest(500)
        await stage.tell(events.UserTyped("And in Tokyo?"))
        await stage.rest(6_000)
    second = stage.told(facts.ResponseBegan)[-1].response
    assert stage.told(facts.ResponseStopped) == [
        facts.ResponseStopped(first, "replaced", stage.told(facts.ResponseStopped)[0].at_ms)
    ]
    assert stage.frames_after(facts.ResponseStopped, first) == []
    assert (stage.done(first).status, stage.done(second).status) == ("interrupted", "completed")
    assert stage.prompts[-1][-1].content == "And in Tokyo?"


async def test_a_greeting_is_spoken_without_the_language_model() -> None:
    stage = Stage(config=replace(CONFIG, greeting="Hello there, how are you?"))
    async with stage.running():
        await stage.wait(3_000)
    assert stage.done(1).heard == "Hello there, how are you?"
    assert stage.prompts == []


async def test_push_to_talk_answers_when_the_button_is_let_go_whatever_is_heard() -> None:
    stage = Stage(config=replace(CONFIG, turn=TurnConfig(mode="manual")))
    async with stage.running():
        await stage.speak(400)
        assert stage.told(facts.TurnOpened) == []
        await stage.tell(events.TurnStarted(400))
        await stage.speak(600)
        await stage.rest(3_000)  # thinking about it
        assert stage.told(facts.ResponseBegan) == []
        await stage.tell(events.TurnCommitted(4_000))
        await stage.rest(5_000)
    assert stage.told(facts.TranscriptCommitted)[0].text == QUESTION
    assert stage.done(stage.told(facts.ResponseBegan)[0].response).status == "completed"


async def test_push_to_talk_hears_what_came_before_the_button_was_let_go_however_fast_it_came() -> None:
    stage = Stage(config=replace(CONFIG, turn=TurnConfig(mode="manual")))
    async with stage.running():
        stage.send(events.TurnStarted(0))
        for _ in range(3):
            stage.send(stage.sound(LOUD, 200))
        stage.send(events.TurnCommitted(0))  # when it was read, nothing had been heard yet
        stage.send(stage.sound(LOUD, 200))
        await stage.wait(2_000)
    (turn,) = stage.told(facts.TranscriptCommitted)
    assert (turn.start_ms, turn.end_ms) == (0, 600)


async def test_a_new_configuration_holds_from_the_next_answer_on() -> None:
    stage = Stage()
    async with stage.running():
        config = replace(CONFIG, instructions="Be brief.", temperature=0.5, max_tokens=9)
        await stage.tell(events.Configured(config))
        await stage.ask()
    assert stage.told(facts.ConfigChanged) == [facts.ConfigChanged(config)]
    assert stage.prompts[-1][0].content == "Be brief."
    _, options = stage.language_model.requests[-1]
    assert (options.temperature, options.max_tokens) == (0.5, 9)


async def test_a_voice_of_another_rate_arrives_at_the_rate_of_the_session() -> None:
    stage = Stage(config=replace(CONFIG, output_rate_hz=8_000))
    async with stage.running():
        response = await stage.ask()
        await stage.rest(5_000)
    frames, last_word = stage.frames(response), stage.words(response)[-1]
    assert max(len(frame.pcm) for frame in frames) == 320
    assert stage.synthesizer.sample_rate_hz == 16_000
    assert (
        last_word.end_sample < frames[-1].position + len(frames[-1].pcm) // 2 < last_word.end_sample + 1_000
    )


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
async def test_a_microphone_of_another_rate_is_heard(rate_hz: int) -> None:
    stage = Stage(config=replace(CONFIG, input_rate_hz=rate_hz))
    async with stage.running():
        await stage.ask()
    assert stage.told(facts.TranscriptCommitted)[0].text == QUESTION


async def test_pings_are_answered_and_complaints_sent() -> None:
    stage = Stage()
    async with stage.running():
        await stage.tell(Pinged(12.5))
        await stage.tell(Refused("bad_field", "text: too long", "text", "user.text"))
    assert stage.told(Ponged) == [Ponged(12.5)]
    assert stage.told(Refused) == [Refused("bad_field", "text: too long", "text", "user.text")]


async def test_a_session_ends_when_its_client_says_so_with_all_that_it_has_to_say() -> None:
    stage = Stage()
    async with stage.running() as session:
        response = await stage.ask()
        await stage.tell(events.SessionEnding("client"))
        assert session.done()
    assert [type(entry.item) for entry in stage.link.received[-3:] if isinstance(entry, Told)] == [
        facts.ResponseStopped,
        facts.ResponseEnded,
        facts.SessionEnded,
    ]
    assert stage.done(response).status == "interrupted"
    assert stage.link.farewell is Farewell.ENDED


async def test_the_trace_of_a_session_replays_to_the_same_decisions() -> None:
    stage = Stage(config=replace(CONFIG, greeting="Hello."))
    async with stage.running():
        await stage.rest(1_000)
        response = await stage.ask()
        await stage.tell(events.PlaybackReported(response, 10))
        await stage.rest(300)
        await stage.speak(900)
        await stage.rest(4_000)
        await stage.tell(events.UserTyped("Thanks.", interrupt=False))
        await stage.rest(500)
        await stage.tell(events.Interrupted())
    records = [json.loads(json.dumps(record)) for record in stage.tracer.records]
    assert len(records) > 50
    assert list(replay(records)) == []


async def test_two_sessions_on_the_same_models_do_not_hear_each_other() -> None:
    one = Stage()
    other = Stage(clock=one.clock)
    other.language_model, other.synthesizer = one.language_model, one.synthesizer
    async with other.running(), one.running():
        await one.ask()
        await one.rest(5_000)
        assert len(one.told(facts.ResponseEnded)) == 1
        assert [type(entry.item) for entry in other.link.received if isinstance(entry, Told)] == [Opened]


async def test_the_server_pings_at_every_heartbeat() -> None:
    stage = Stage()
    async with stage.running():
        await stage.rest(25_000)
    assert stage.told(Pinged) == [Pinged(10_000), Pinged(20_000)]


async def test_how_far_its_client_is_and_what_its_clock_shows_is_known() -> None:
    stage = Stage()
    async with stage.running():
        await stage.rest(10_000)
        assert stage.runner.round_trip is None
        await stage.rest(60)
        await stage.tell(Ponged(10_000, 1_000_030))
        assert stage.runner.round_trip == RoundTrip(60, 990_000)
    assert stage.runner.round_trip is None, "there is no client any more"
