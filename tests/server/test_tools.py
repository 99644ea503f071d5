"""Tools of the server as it is run: from a recording to the spoken result, and what goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.server.language_server import Calling, LanguageServer, Step, words
from tests.server.serving import serving
from tests.server.talking import Ears, messages, sound_of, talk, write
from voice_server.adapters.llm_llama import LlamaLanguageModel
from voice_server.audio.pcm import Pcm
from voice_server.bench.transcripts import final_text
from voice_server.bench.words import word_errors
from voice_server.core.policy import Policy

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")

TEMPLATE = Path(__file__).parents[1] / "adapters" / "calling_template.jinja"
PATIENCE_MS = "120000"
"""Two models at work, and other tests beside them."""
SURE = {"temperature": 0.0, "max_tokens": 60}
TIME = re.compile(r"It is \d+:\d\d [AP]M on \w+, \w+ \d+, \d{4}( in [\w ]+)?\.")

Sound = Callable[[str], Pcm]


def last_said(recording: Any) -> dict[str, Any]:
    return messages(recording, "response.done")[-1]


async def test_a_recording_is_answered_by_a_tool_that_llama_cpp_s_endpoint_calls_under_its_grammar(
    models_dir: Path, sound: Sound, ears: Ears
) -> None:
    (gguf,) = (models_dir / "smollm2-135m-instruct").glob("*.gguf")
    model = LlamaLanguageModel(gguf, parallel=2, chat_template=TEMPLATE.read_text(encoding="utf-8"))
    prefix = "VOICE_SERVER_LLM__"
    asking = {f"{prefix}URL": model.url, f"{prefix}MODEL": model.name, f"{prefix}API_KEY": model.api_key}
    asking[f"{prefix}STALL_MS"] = PATIENCE_MS
    try:
        async with serving(env={**asking, "VOICE_SERVER_TOOLS__DEMO": "true"}) as server:
            talked = await talk(server.url, sound("speech/cmd_what_time.wav"), llm=SURE)
    finally:
        model.close()
    assert "time" in final_text(talked)
    done = last_said(talked)
    assert (done["status"], done["heard"]) == ("completed", done["text"])
    assert TIME.fullmatch(done["text"])
    spoken = ears.hear(sound_of(talked, done["response"]), talked.loudspeaker.rate_hz)
    weekday = done["text"].split(" on ")[1].split(",")[0]
    assert weekday in spoken
    assert messages(talked, "error") == []


@shared
async def demo_url(models_dir: Path) -> AsyncIterator[str]:
    """A server with its default model and the demo tools."""
    async with serving(env={"VOICE_SERVER_TOOLS__DEMO": "true"}) as server:
        yield server.url


async def test_the_embedded_model_has_the_calculator_calculate(demo_url: str, ears: Ears) -> None:
    asked = await write(demo_url, "What is 17 times 23?", idle_ms=3_000)
    done = last_said(asked)
    assert (done["status"], done["heard"]) == ("completed", "The result is 391.")
    spoken = ears.hear(sound_of(asked, done["response"]), asked.loudspeaker.rate_hz)
    assert word_errors("The result is 391.", spoken)[0] <= 2


async def test_a_timer_speaks_when_it_is_done(demo_url: str) -> None:
    asked = await write(demo_url, "Set a timer for 2 seconds.", idle_ms=4_000)
    said = [done["heard"] for done in messages(asked, "response.done") if done["heard"]]
    assert said == [
        "The timer is set. I will tell you in 2 seconds.",
        "The timer is done: 2 seconds are over.",
    ]


@shared
async def url(models_dir: Path, language_server: LanguageServer) -> AsyncIterator[str]:
    """A server with tools that misbehave, that asks the language-model server of our own."""
    env = {
        "VOICE_SERVER_LLM__URL": language_server.url,
        "VOICE_SERVER_LLM__MODEL": "any",
        "VOICE_SERVER_LLM__STALL_MS": PATIENCE_MS,
        "VOICE_SERVER_TOOLS__MODULES": "tests.server.tools_that_misbehave",
        "VOICE_SERVER_TOOLS__DEMO": "true",
    }
    async with serving(env=env) as server:
        yield server.url


async def after(url: str, server: LanguageServer, name: str, arguments: str) -> tuple[str, list[str]]:
    """What the model was told of its call, and what was heard of the answers."""
    told: list[str] = []

    def reply(said: Sequence[dict[str, Any]]) -> list[Step]:
        last = said[-1]
        if last["role"] == "user":
            return [Calling(name, arguments)]
        told.append(last["content"])
        return words("I am sorry.")

    server.reply = reply
    asked = await write(url, "Please do it.", idle_ms=3_000)  # the call alone is an answer, without words
    return told[-1], [done["heard"] for done in messages(asked, "response.done") if done["heard"]]


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("raise_error", "{}", r"error: raise_error failed: OSError: the disk is full"),
        ("hang_for_ever", "{}", r"error: .*time"),
        ("fly", "{}", r"error: there is no tool 'fly'"),
        ("calculate", "1+1", r"error: the arguments of calculate are not JSON"),
        ("calculate", '{"expression": 5}', r"error: the arguments of calculate do not fit"),
        ("calculate", '{"expression": "1/0"}', r"error: that cannot be calculated: it divides by zero"),
        ("read_a_book", "{}", r"(word )+.{0,200}"),
    ],
)
async def test_what_goes_wrong_is_told_to_the_model_which_has_the_last_word(
    url: str, language_server: LanguageServer, name: str, arguments: str, told: str
) -> None:
    said, heard = await after(url, language_server, name, arguments)
    assert re.match(told, said)
    assert len(said) < 2 * Policy().tool_output_chars
    assert heard == ["I am sorry."]


async def test_a_call_that_is_wrong_twice_ends_in_a_spoken_apology(
    url: str, language_server: LanguageServer
) -> None:
    language_server.reply = lambda said: [Calling("calculate", "1+1")]
    asked = await write(url, "Please do it.", idle_ms=3_000)
    done = last_said(asked)
    assert (done["status"], done["heard"]) == ("failed", Policy().apology)
    (error,) = messages(asked, "error")
    assert "wrongly again" in error["message"]
    assert len(language_server.asked) >= 2
    assert (
        "error: the arguments of calculate are not JSON" in language_server.asked[-1].messages[-1]["content"]
    )
