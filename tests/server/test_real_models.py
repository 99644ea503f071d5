"""The server as it is run, with its models, on recordings: words in, words out, and people who interrupt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import Recording as Row
from tests.server.language_server import LanguageServer, Step, words
from tests.server.serving import serving
from tests.server.talking import PLANETS, Ears, messages, sound_of, talk, write
from voice_server.adapters.llm_llama import LlamaLanguageModel
from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ
from voice_server.bench.transcripts import final_text
from voice_server.bench.words import normalized, word_errors
from voice_server.client.call import Recording
from voice_server.client.link import connected
from voice_server.client.script import BargeIn
from voice_server.client.voice_client import VoiceClient
from voice_server.core.policy import Policy

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")

WORD_ERRORS_HEARD = 0.15
"""Of what the server understood, over the six utterances below."""
WORD_ERRORS_SPOKEN = 0.35
"""Of a second transcription: answers are drawn at random, and some pieces are short and cut in the middle."""

ONE = ["speech/q_dog_or_cat.wav", "speech/cmd_lights_off.wav", "speech/q_brooklyn_bridge.wav"]
OTHER = ["speech/cmd_what_time.wav", "speech/cmd_please_lamp.wav", "speech/order_08.wav"]
SHORT = {"max_tokens": 10, "temperature": 0.0}

APOLOGY = Policy().apology

Sound = Callable[[str], Pcm]


@shared
async def url(models_dir: Path) -> AsyncIterator[str]:
    """A server with its default settings."""
    async with serving() as server:
        yield server.url


@shared
async def url_with_language_server(language_server: LanguageServer) -> AsyncIterator[str]:
    """A server that asks it."""
    env = _asking(language_server.url, "any", "key") | {"VOICE_SERVER_LLM__STALL_MS": "1500"}
    async with serving(env=env) as server:
        yield server.url


def _asking(url: str, model: str, key: str) -> dict[str, str]:
    prefix = "VOICE_SERVER_LLM__"
    return {f"{prefix}URL": url, f"{prefix}MODEL": model, f"{prefix}API_KEY": key}


def misheard(pairs: Sequence[tuple[str, str]]) -> float:
    """The share of words that came out wrong; each pair is what was said and what was understood."""
    counts = [word_errors(said, understood) for said, understood in pairs]
    return sum(errors for errors, _ in counts) / sum(total for _, total in counts)


async def test_two_people_who_talk_at_the_same_time_are_both_understood_and_answered(
    url: str, sound: Sound, recordings: Callable[..., list[Row]], ears: Ears
) -> None:
    async def person(paths: Sequence[str]) -> list[Recording]:
        return [await talk(url, sound(path), llm=SHORT) for path in paths]

    talks = [talk for talks in await asyncio.gather(person(ONE), person(OTHER)) for talk in talks]
    rows = {row["path"]: row for row in recordings("speech")}
    understood = [(rows[p]["transcript"], final_text(t)) for p, t in zip([*ONE, *OTHER], talks, strict=True)]
    answers = [messages(t, "response.done")[-1] for t in talks]
    spoken = [
        (a["heard"], ears.hear(sound_of(t, a["response"]), t.loudspeaker.rate_hz))
        for t, a in zip(talks, answers, strict=True)
    ]
    assert [answer["status"] for answer in answers] == ["completed"] * 6
    assert [answer["heard"] for answer in answers] == [" ".join(a["text"].split()) for a in answers]
    assert misheard(understood) <= WORD_ERRORS_HEARD
    assert misheard(spoken) <= WORD_ERRORS_SPOKEN


async def test_of_a_sentence_that_was_cut_by_the_loss_the_words_that_had_arrived_are_understood(
    url: str, sound: Sound
) -> None:
    arrived = sound("speech/order_08.wav")[: INPUT_HZ * 21 // 10]
    link = await connected(url)
    client = VoiceClient(link, door=partial(connected, url))
    await client.start({"llm": SHORT})
    for begin in range(0, len(arrived), INPUT_HZ // 10):
        await client.send_audio(arrived[begin : begin + INPUT_HZ // 10])
    await client.send("ping", t=1)
    while (await client.receive()).type != "pong":  # all of it has arrived
        pass
    link.drop()
    while (heard := await client.receive()).type != "transcript.final":
        pass
    await client.end()
    assert client.log.received("session.resumed")
    assert normalized(str(heard.message["text"])) == "can i get a triple shot light".split()


async def test_who_interrupts_is_heard_and_what_was_heard_is_remembered(
    url_with_language_server: str, language_server: LanguageServer, sound: Sound, ears: Ears
) -> None:
    def reply(said: Sequence[dict[str, str]]) -> list[Step]:
        return words("All right.") if "ancel" in said[-1]["content"] else [*words(PLANETS), None]

    language_server.reply = reply
    barge_in = BargeIn(sound("speech/cmd_cancel_timer.wav"), at_ms=2_000, after_answer=True)
    talk_over = await talk(url_with_language_server, sound("speech/cmd_what_time.wav"), barge_in)
    first, second = messages(talk_over, "response.done")
    # the recording hums on after its words: a stop of the second answer is a false alarm, and is taken back
    *_, stop = (s for s in messages(talk_over, "response.stop") if s["response"] == first["response"])

    assert stop["reason"] == "barge_in"
    assert talk_over.loudspeaker.dropped_frames == 0  # none came after the stop
    assert (first["status"], second["status"]) == ("interrupted", "completed")
    assert PLANETS.startswith(first["heard"])
    assert 3 < len(first["heard"].split()) < 15
    played = ears.hear(sound_of(talk_over, first["response"]), talk_over.loudspeaker.rate_hz)
    assert word_errors(first["heard"], played)[0] <= 2  # the last word was cut

    *before, last = language_server.asked
    assert [entry["role"] for entry in last.messages] == ["system", "user", "assistant", "user"]
    assert last.messages[2]["content"] == first["heard"]
    assert {asked.ending for asked in before} == {"closed"}  # drafts, and the answer that was interrupted
    assert last.ending == "finished"


async def test_where_the_language_model_server_fails_or_stalls_the_user_hears_an_apology(
    url_with_language_server: str, language_server: LanguageServer, ears: Ears
) -> None:
    def reply(said: Sequence[dict[str, str]]) -> list[Step]:
        return [500] if "fail" in said[-1]["content"] else [*words("Let me see."), None]

    language_server.reply = reply
    failed, stalled = await asyncio.gather(
        write(url_with_language_server, "Please fail."), write(url_with_language_server, "Please stall.")
    )
    async with language_server.closed():
        refused = await write(url_with_language_server, "Is anybody there?")
    language_server.reply = lambda said: words("I am back.")
    again = await write(url_with_language_server, "Is anybody there?")

    for talk_to, begins in ((failed, ""), (stalled, "Let me see. "), (refused, "")):
        (done,) = messages(talk_to, "response.done")
        assert (done["status"], done["text"].split()) == ("failed", (begins + APOLOGY).split())
        assert [error["code"] for error in messages(talk_to, "error")] == ["generation_failed"]
        spoken = ears.hear(sound_of(talk_to, done["response"]), talk_to.loudspeaker.rate_hz)
        assert misheard([(begins + APOLOGY, spoken)]) <= WORD_ERRORS_SPOKEN
    assert [done["status"] for done in messages(again, "response.done")] == ["completed"]


async def test_any_openai_compatible_server_can_answer_also_the_one_that_llama_cpp_is(
    models_dir: Path,
) -> None:
    (gguf,) = (models_dir / "smollm2-135m-instruct").glob("*.gguf")
    model = LlamaLanguageModel(gguf, parallel=1)
    try:
        async with serving(env=_asking(model.url, model.name, model.api_key)) as server:
            talk_to = await write(server.url, "What is the capital of France?", llm=SHORT)
    finally:
        model.close()
    (done,) = messages(talk_to, "response.done")
    assert done["status"] == "completed"
    assert len(messages(talk_to, "response.text")) > 3  # it was streamed
    assert done["heard"] == " ".join(done["text"].split())
    assert "Paris" in done["text"]
