"""What can go wrong with somebody else's server, and what a person is then told."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import pytest

from tests.adapters.llama_slots import busy_slot, slots_at_rest
from tests.adapters.misbehaving_server import (
    Behaviour,
    events,
    hang_up,
    nothing,
    piece,
    piece_of_call,
    plain,
    serving,
    status,
)
from tests.conftest import SetProxy
from voice_server.adapters.llm_llama import LlamaLanguageModel
from voice_server.adapters.llm_openai import OpenAILanguageModel
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ModelError
from voice_server.ports import GenerateOptions

ASKED = (Message("system", "Be brief."), Message("user", "Hello?"))
DEFAULTS = GenerateOptions()
LONG = 60_000
"""So long that no test waits for it."""


async def pieces_and_error(
    behaviour: Behaviour, *, stall_ms: int = LONG, options: GenerateOptions = DEFAULTS
) -> tuple[list[str | ToolCall], str]:
    """What came, and then the message of the failure, or ""."""
    pieces: list[str | ToolCall] = []
    async with serving(behaviour) as (_, url):
        model = OpenAILanguageModel(url, "tiny", "key", stall_ms=stall_ms)
        try:
            async for text in model.generate(ASKED, options):
                pieces.append(text)
        except ModelError as error:
            return pieces, str(error)
        finally:
            await model.aclose()
    return pieces, ""


async def test_the_pieces_come_in_order_and_the_rest_of_the_stream_is_left_out() -> None:
    role = json.dumps({"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]})
    usage = json.dumps({"choices": [], "usage": {"total_tokens": 3}})
    stream = events(role, piece("One"), piece(""), piece(" two"), usage, "[DONE]")
    assert await pieces_and_error(stream) == (["One", " two"], "")


async def test_an_empty_answer_is_an_answer() -> None:
    assert await pieces_and_error(events(piece(""), "[DONE]")) == ([], "")


async def test_what_is_asked_is_what_was_set() -> None:
    async with serving(events(piece("One"), "[DONE]")) as (server, url):
        for key in ("secret", None):
            model = OpenAILanguageModel(url, "tiny", key)
            options = GenerateOptions("large", temperature=0.5, max_tokens=7) if key else DEFAULTS
            assert [text async for text in model.generate(ASKED, options)] == ["One"]
            await model.aclose()
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    assert server.keys == ["secret", "none"]
    assert server.requests == [
        {"model": "large", "messages": messages, "max_tokens": 7, "temperature": 0.5, "stream": True},
        {"model": "tiny", "messages": messages, "max_tokens": 160, "stream": True},
    ]


async def test_what_may_be_called_is_sent_and_what_was_called_comes_after_the_text() -> None:
    stream = events(
        piece("Let me"),
        piece_of_call(0, id="a", name="add", arguments=""),
        piece(" see."),
        piece_of_call(0, arguments='{"x":'),
        piece_of_call(1, id="b", name="ring", arguments="{}"),
        piece_of_call(0, arguments="1}"),
        "[DONE]",
    )
    options = GenerateOptions(tools=(ToolSpec("add", "Add it.", '{"type":"object"}'),))
    async with serving(stream) as (server, url):
        model = OpenAILanguageModel(url, "tiny")
        pieces = [each async for each in model.generate(ASKED, options)]
        await model.aclose()
    assert pieces == ["Let me", " see.", ToolCall("a", "add", '{"x":1}'), ToolCall("b", "ring", "{}")]
    function = {"name": "add", "description": "Add it.", "parameters": {"type": "object"}}
    assert server.requests[0]["tools"] == [{"type": "function", "function": function}]


@pytest.mark.parametrize(("must_call", "choice"), [(True, "required"), (False, None)])
async def test_a_call_can_be_demanded(must_call: bool, choice: str | None) -> None:
    tools = (ToolSpec("add", "Add it.", '{"type":"object"}'),)
    call = piece_of_call(0, id="a", name="add", arguments="{}")
    async with serving(events(call, "[DONE]")) as (server, url):
        model = OpenAILanguageModel(url, "tiny")
        options = GenerateOptions(tools=tools, must_call=must_call)
        assert [each async for each in model.generate(ASKED, options)] == [ToolCall("a", "add", "{}")]
        await model.aclose()
    assert server.requests[0].get("tool_choice") == choice


@pytest.mark.parametrize(
    "calls", ["5", '"add"', "[]", "[5]", '[{"index": 0}]', '[{"function": {"name": 5}}]']
)
async def test_calls_without_form_are_none(calls: str) -> None:
    delta = f'{{"content": "One", "tool_calls": {calls}}}'
    assert await pieces_and_error(events(f'{{"choices": [{{"delta": {delta}}}]}}', "[DONE]")) == (["One"], "")


async def test_a_call_that_breaks_off_is_none() -> None:
    begun = piece_of_call(0, id="a", name="add", arguments='{"x":')
    pieces, error = await pieces_and_error(events(begun, end=b""), stall_ms=500)
    assert pieces == []
    assert "sent nothing for 500 ms" in error


@pytest.mark.parametrize(
    ("behaviour", "advice"),
    [
        (status(401, "wrong key"), "refuses the key: set `llm.api_key`"),
        (status(403, "not yours"), "refuses the key: set `llm.api_key`"),
        (status(404, "no such model"), r"knows no model 'tiny'.* set `llm\.model` .* ends in /v1"),
        (status(429, "slow down"), r"takes no more requests now: wait.*slow down"),
        (status(500, "out of memory"), "failed: look at its log .*500 - out of memory"),
        (status(503, "loading"), "failed: look at its log"),
        (plain("HTTP/1.1 200 OK\r\nContent-Type: text/html", "<p>It works!</p>"), "sent no chat completion"),
        (events("[DONE]"), "sent no chat completion"),
        (events("this is no JSON"), "sent no chat completion"),
        (events("5"), "sent no chat completion"),
        (events('{"choices": "many"}', '{"choices": null}', "{}"), "sent no chat completion"),
        (plain("SSH-2.0-OpenSSH_9.6", ""), "cannot be reached: is it running, and is `llm.url` right"),
    ],
)
async def test_a_server_that_cannot_be_used_is_explained(behaviour: Behaviour, advice: str) -> None:
    pieces, error = await pieces_and_error(behaviour)
    assert pieces == []
    assert error.startswith("http://127.0.0.1:")
    with pytest.raises(ModelError, match=advice):
        raise ModelError(error)


@pytest.mark.parametrize(
    ("behaviour", "advice"),
    [
        (events(piece("One"), "{ half an event"), "sent no chat completion"),
        (
            events(piece("One"), '{"error": {"message": "out of memory"}}'),
            "broke the answer off.*out of memory",
        ),
        (hang_up, "cannot be reached"),
    ],
)
async def test_a_failure_in_the_middle_comes_after_what_was_said(behaviour: Behaviour, advice: str) -> None:
    pieces, error = await pieces_and_error(behaviour)
    assert pieces == ["One"]
    with pytest.raises(ModelError, match=advice):
        raise ModelError(error)


@pytest.mark.parametrize(("behaviour", "came"), [(nothing, []), (events(piece("One"), end=b""), ["One"])])
async def test_a_server_that_falls_silent_has_failed(behaviour: Behaviour, came: list[str]) -> None:
    pieces, error = await pieces_and_error(behaviour, stall_ms=500)
    assert pieces == came
    assert "sent nothing for 500 ms: is it overloaded, or `llm.stall_ms` too short?" in error


async def test_nobody_at_the_address() -> None:
    async with serving(nothing) as (_, url):
        pass
    model = OpenAILanguageModel(url, "tiny")
    with pytest.raises(ModelError, match=r"cannot be reached: is it running, and is `llm.url` right"):
        await anext(model.generate(ASKED, DEFAULTS))
    await model.aclose()


async def test_a_proxy_is_asked_for_a_server_elsewhere_and_not_for_one_here(set_proxy: SetProxy) -> None:
    async with serving(nothing) as (_, nobody):
        pass
    async with serving(events(piece("One"), "[DONE]")) as (server, url):
        for proxy, model_url in ((nobody, url), (url, "http://models.invalid/v1")):
            set_proxy(proxy)
            model = OpenAILanguageModel(model_url, "tiny", stall_ms=LONG)
            assert await _read(model) == ["One"]
            await model.aclose()
    assert len(server.requests) == 2


async def test_closing_the_answer_hangs_up() -> None:
    async with serving(events(piece("One"), end=b"")) as (server, url):
        model = OpenAILanguageModel(url, "tiny", stall_ms=LONG)
        async with aclosing(model.generate(ASKED, DEFAULTS)) as pieces:
            assert await anext(pieces) == "One"
            assert not server.left.is_set()
        await server.left.wait()
        await model.aclose()


@pytest.mark.parametrize("behaviour", [nothing, events(piece("One"), end=b"")])
async def test_cancelling_the_reader_hangs_up(behaviour: Behaviour) -> None:
    async with serving(behaviour) as (server, url):
        model = OpenAILanguageModel(url, "tiny", stall_ms=LONG)
        reading = asyncio.create_task(_read(model))
        await server.asked.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await server.left.wait()
        await model.aclose()


async def _read(model: OpenAILanguageModel) -> list[str | ToolCall]:
    return [text async for text in model.generate(ASKED, DEFAULTS)]


@pytest.mark.models
async def test_closing_the_answer_ends_the_generation_there(llama: LlamaLanguageModel) -> None:
    model = OpenAILanguageModel(llama.url, llama.name, llama.api_key)
    story = (Message("user", "Tell me a long story, with many people and many details."),)
    async with aclosing(model.generate(story, GenerateOptions(max_tokens=300))) as pieces:
        await anext(pieces)
        busy = await busy_slot(llama)
    (slot,) = [slot for slot in await slots_at_rest(llama) if slot["id"] == busy["id"]]
    assert slot["n_prompt_tokens"] < busy["n_prompt_tokens"] + 150
    await model.aclose()


@pytest.mark.models
async def test_llama_s_own_endpoint_wants_its_key(llama: LlamaLanguageModel) -> None:
    model = OpenAILanguageModel(llama.url, llama.name, "another")
    with pytest.raises(ModelError, match="refuses the key"):
        await anext(model.generate(ASKED, DEFAULTS))
    await model.aclose()
