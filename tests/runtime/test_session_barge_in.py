"""Speech over the answer: it stops at once, and either ends for good or goes on at a word."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.runtime.fake_link import Told
from tests.runtime.stage import CONFIG, QUESTION, Stage
from tests.runtime.staged_models import ANSWER, RATE_HZ, word_by_word
from voice_server.adapters.scripted_listening import NOTHING, said
from voice_server.audio.rates import samples_to_ms
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.policy import TurnConfig
from voice_server.ports import Hypothesis

LONG_ANSWER = " ".join([ANSWER] * 3)
STOP = said("Stop, that is enough.")


class Interruption(Stage):
    """The assistant has much to say."""

    async def answer_sounds(self) -> int:
        """Have the question asked, and the answer sound for 1.5 s. Returns its id."""
        self.replies = word_by_word(self.clock, LONG_ANSWER, token_ms=100)
        response = await self.ask()
        await self.rest(1_500)
        assert self.told(facts.ResponseStopped) == []
        return response

    def played(self, response: int) -> int:
        """Samples that had sounded when the client was told to stop."""
        played_ms = self.time_of(facts.ResponseStopped) - self.sounded_at_ms(response)
        return played_ms * RATE_HZ // 1000


async def test_the_first_frame_of_speech_stops_the_answer_and_no_audio_of_it_follows() -> None:
    stage = Interruption()
    async with stage.running():
        response = await stage.answer_sounds()
        stage.hypothesis = STOP
        before_ms = stage.clock.now_ms()
        await stage.speak(20)
        assert stage.time_of(facts.ResponseStopped) == before_ms
        await stage.speak(800)
        await stage.rest(3_000)
    assert [(stop.response, stop.reason) for stop in stage.told(facts.ResponseStopped)][:1] == [
        (response, "barge_in")
    ]
    assert stage.frames_after(facts.ResponseStopped, response) == []


async def test_what_was_played_is_what_was_heard_and_what_the_next_prompt_holds() -> None:
    stage = Interruption()
    async with stage.running():
        response = await stage.answer_sounds()
        stage.hypothesis = STOP
        await stage.speak(800)
        await stage.rest(1_000)
    heard = [w.text for w in stage.words(response) if w.end_sample <= stage.played(response)]
    assert 2 < len(heard) < len(LONG_ANSWER.split())
    assert stage.done(response) == replace(stage.done(response), status="interrupted", heard=" ".join(heard))
    assert [entry.content for entry in stage.prompts[-1][1:]] == [
        QUESTION,
        " ".join(heard),
        STOP.text,
    ]


async def test_what_the_client_reports_it_played_is_what_was_heard() -> None:
    stage = Interruption()
    async with stage.running():
        response = await stage.answer_sounds()
        stage.hypothesis = STOP
        await stage.speak(20)
        second_word_ms = samples_to_ms(stage.words(response)[1].end_sample, RATE_HZ)
        await stage.tell(events.PlaybackReported(response, second_word_ms + 10))
        await stage.speak(800)
    assert stage.done(response).heard == "Certainly, that"


async def test_generation_and_synthesis_end_with_the_answer() -> None:
    stage = Interruption()
    clauses: list[str] = []

    async def speak_the_first_clause_only(text: str) -> None:
        clauses.append("asked")
        try:
            await (asyncio.Event().wait() if clauses[1:] else asyncio.sleep(0))
        finally:
            clauses.append("over")

    async with stage.running():
        stage.before_clause = speak_the_first_clause_only
        response = await stage.answer_sounds()
        assert (stage.language_model.running, clauses) == (1, ["asked", "over", "asked"])
        stage.hypothesis = STOP
        while not stage.told(facts.ResponseEnded):
            await stage.speak(20)
        assert (stage.language_model.running, clauses) == (0, ["asked", "over", "asked", "over"])
    assert stage.done(response).status == "interrupted"


@pytest.mark.parametrize("hypothesis", [NOTHING, said("Mm-hm.")])
async def test_a_noise_or_a_backchannel_is_taken_back_and_the_answer_goes_on_at_a_word(
    hypothesis: Hypothesis,
) -> None:
    stage = Interruption()
    async with stage.running():
        response = await stage.answer_sounds()
        stage.hypothesis = hypothesis
        await stage.speak(240)
        await stage.rest(500)
        boundary = next(
            w.start_sample for w in stage.words(response) if w.end_sample > stage.played(response)
        )
        assert stage.told(facts.ResponseResumed) == [facts.ResponseResumed(response, boundary)]
        await stage.wait(20_000)
    frames = stage.frames_after(facts.ResponseResumed, response)
    assert frames[0].position == boundary
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert stage.done(response).status == "completed"
    assert stage.done(response).heard == LONG_ANSWER
    assert len(stage.told(facts.ResponseBegan)) == 1


async def test_between_a_stop_and_its_taking_back_there_is_no_audio() -> None:
    stage = Interruption()
    async with stage.running():
        await stage.answer_sounds()
        stage.hypothesis = NOTHING
        await stage.speak(240)
        await stage.rest(1_000)
    kinds = [
        type(entry.item).__name__ if isinstance(entry, Told) else "audio" for entry in stage.link.received
    ]
    stop, resume = kinds.index("ResponseStopped"), kinds.index("ResponseResumed")
    assert "audio" not in kinds[stop:resume]
    assert "audio" in kinds[resume:]


async def test_what_is_made_while_the_floor_is_contested_waits_until_it_is_taken_back() -> None:
    stage = Stage()
    second_clause = asyncio.Event()

    async def speak_the_second_clause_later(text: str) -> None:
        if len(stage.synthesizer.clauses) > 1:
            await second_clause.wait()

    stage.before_clause = speak_the_second_clause_later
    async with stage.running():
        response = await stage.ask()
        await stage.rest(3_000)  # the first clause has been heard
        sent = len(stage.frames(response))
        stage.hypothesis = NOTHING
        await stage.speak(40)
        second_clause.set()
        await stage.speak(100)
        assert len(stage.frames(response)) == sent
        await stage.rest(1_000)
        assert len(stage.told(facts.ResponseResumed)) == 1
        assert len(stage.frames(response)) > sent


async def test_the_stop_button_ends_the_answer_for_good() -> None:
    stage = Interruption()
    async with stage.running():
        response = await stage.answer_sounds()
        await stage.tell(events.Interrupted())
        assert stage.told(facts.ResponseStopped)[0].reason == "client"
        assert stage.done(response).status == "interrupted"
        assert stage.language_model.running == 0
        await stage.rest(2_000)
    assert stage.frames_after(facts.ResponseStopped, response) == []
    assert len(stage.told(facts.ResponseBegan)) == 1


async def test_without_barge_in_the_answer_is_spoken_to_its_end() -> None:
    stage = Stage(config=replace(CONFIG, turn=TurnConfig(barge_in=False)))
    async with stage.running():
        response = await stage.ask()
        await stage.rest(300)
        await stage.speak(1_000)
        await stage.rest(5_000)
    assert stage.told(facts.ResponseStopped) == []
    assert stage.done(response).heard == ANSWER


async def test_a_user_who_goes_on_before_the_answer_sounds_is_answered_once() -> None:
    stage = Stage()
    stage.replies = word_by_word(stage.clock, ANSWER, token_ms=400)
    async with stage.running():
        await stage.speak(800)
        while not stage.told(facts.ResponseBegan):
            await stage.rest(20)
        assert stage.frames() == []
        stage.hypothesis = said(f"{QUESTION} In Tokyo?")
        await stage.speak(800)
        await stage.rest(8_000)
    began, done = stage.told(facts.ResponseBegan), stage.told(facts.ResponseEnded)
    assert [ended.status for ended in done] == ["interrupted", "completed"]
    assert {frame.response for frame in stage.frames()} == {began[-1].response}
    assert stage.prompts[-1][-1].content.endswith("In Tokyo?")
