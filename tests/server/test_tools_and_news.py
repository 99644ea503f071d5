"""A recording becomes a call, and its result an answer; and news is told in the midst of one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from tests.server.language_server import Calling, LanguageServer, Step, words
from tests.server.serving import serving
from tests.server.talking import PLANETS, Ears, messages
from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ
from voice_server.bench.words import normalized, word_errors
from voice_server.client.call import Call, Recording
from voice_server.client.script import Action, Scene, Send, UntilAnswered
from voice_server.client.track import Track
from voice_server.client.voice_client import VoiceClient

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")

Sound = Callable[[str], Pcm]

CLOCK = {
    "name": "clock",
    "description": "Says what time it is.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
NEWS = "The doorbell has rung."
NEWS_TOLD = "By the way, somebody is waiting at your front door."
RESULT_TOLD = "In Oslo it is now a quarter past seven."


@dataclass
class Attentive:
    """Listens to the end, and meanwhile does what `reactions` want, each once."""

    reactions: list[Callable[[Scene], Send | None]]
    until: UntilAnswered = field(default_factory=lambda: UntilAnswered(idle_ms=1_500))

    def act(self, scene: Scene) -> Iterable[Action]:
        """What to do now."""
        for react in tuple(self.reactions):
            if action := react(scene):
                self.reactions.remove(react)
                yield action
        yield from self.until.act(scene)


def answer_call(scene: Scene) -> Send | None:
    """Answer the first call of a tool."""
    calls = scene.log.received("tool.call")
    if not calls:
        return None
    return Send("tool.result", (("call", calls[0].message["call"]), ("output", {"time": "19:15"})))


def add_news(after_ms: float) -> Callable[[Scene], Send | None]:
    """Tell the news so long after the answer was first audible."""

    def react(scene: Scene) -> Send | None:
        audible_ms = scene.audible_at_ms()
        due = audible_ms is not None and scene.now_ms >= audible_ms + after_ms
        return Send("context.add", (("text", NEWS),)) if due else None

    return react


@shared
async def url(language_server: LanguageServer) -> AsyncIterator[str]:
    """A server that asks it."""
    llm = {"URL": language_server.url, "MODEL": "any", "API_KEY": "key"}
    async with serving(env={f"VOICE_SERVER_LLM__{name}": value for name, value in llm.items()}) as server:
        yield server.url


async def hold(url: str, sound: Pcm, *reactions: Callable[[Scene], Send | None], **config: Any) -> Recording:
    """Say this, and react to what comes."""
    track = Track(INPUT_HZ)
    track.lay(sound)
    async with VoiceClient.connect(url) as client:
        call = Call(client, Attentive(list(reactions)), track, config)
        await call.hold()
        return call.recording()


def heard_by(ears: Ears, recording: Recording) -> list[str]:
    """The words of the whole conversation's loudspeaker."""
    return normalized(ears.hear(recording.heard(), recording.loudspeaker.rate_hz))


async def test_a_recording_becomes_a_call_and_its_result_a_spoken_answer(
    url: str, language_server: LanguageServer, sound: Sound, ears: Ears
) -> None:
    def reply(said: Sequence[dict[str, Any]]) -> list[Step]:
        return words(RESULT_TOLD) if said[-1]["role"] == "tool" else [Calling("clock", '{"city": "Oslo"}')]

    language_server.reply = reply
    talk = await hold(url, sound("speech/cmd_what_time.wav"), answer_call, tools=[CLOCK])

    (final,), (call,) = messages(talk, "transcript.final"), messages(talk, "tool.call")
    assert "time" in final["text"].lower()
    assert (call["name"], call["arguments"]) == ("clock", {"city": "Oslo"})
    first, second = messages(talk, "response.done")
    assert (first["response"], first["status"], first["heard"]) == (call["response"], "completed", "")
    assert (second["status"], second["heard"]) == ("completed", RESULT_TOLD)
    kinds = [entry.type for entry in talk.log.received("transcript.final", "tool.call", "response.text")]
    assert kinds[:3] == ["transcript.final", "tool.call", "response.text"]

    last = language_server.asked[-1]
    assert last.tools == ["clock"]
    *_, calling, result = last.messages
    (called,) = calling["tool_calls"]
    assert json.loads(called["function"]["arguments"]) == {"city": "Oslo"}
    assert (result["role"], result["tool_call_id"]) == ("tool", called["id"])
    assert json.loads(result["content"]) == {"time": "19:15"}
    assert word_errors(RESULT_TOLD, " ".join(heard_by(ears, talk)))[0] <= 3


async def test_news_in_the_midst_of_an_answer_is_told_without_a_stutter_or_a_repeated_word(
    url: str, language_server: LanguageServer, sound: Sound, ears: Ears
) -> None:
    def reply(said: Sequence[dict[str, Any]]) -> list[Step]:
        return words(NEWS_TOLD if NEWS in str(said[-1]["content"]) else PLANETS)

    language_server.reply = reply
    talk = await hold(url, sound("speech/cmd_what_time.wav"), add_news(after_ms=2_500))

    first, second = messages(talk, "response.done")
    (stop,) = messages(talk, "response.stop")
    assert (stop["response"], stop["reason"]) == (first["response"], "replaced")
    assert (first["status"], second["status"]) == ("interrupted", "completed")
    assert PLANETS.startswith(first["heard"])
    assert first["heard"].endswith(".")
    assert first["heard"] != PLANETS
    assert second["heard"] == NEWS_TOLD
    assert [entry["content"] for entry in language_server.asked[-1].messages[-2:]] == [first["heard"], NEWS]

    spoken = heard_by(ears, talk)
    assert not [word for word, again in pairwise(spoken) if word == again]
    said = f"{first['heard']} {NEWS_TOLD}"
    errors, total = word_errors(said, " ".join(spoken))
    assert errors <= 0.2 * total, (said, spoken)
    assert len(spoken) <= total + 1
