"""What every language model keeps to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from voice_server.adapters.llm_llama import LlamaLanguageModel
from voice_server.adapters.llm_openai import OpenAILanguageModel
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, in_turn
from voice_server.core.conversation import Message
from voice_server.errors import ModelError
from voice_server.ports import GenerateOptions, LanguageModel

SHORT = GenerateOptions(max_tokens=8)
ASKED = (Message("system", "You answer in one sentence."), Message("user", "What is the capital of France?"))


@pytest.fixture(scope="module")
def llama(models_dir: Path) -> Iterator[LlamaLanguageModel]:
    (path,) = models_dir.glob("smollm2-135m-instruct/*.gguf")
    model = LlamaLanguageModel(path, context_tokens=512)
    yield model
    model.close()


@pytest_asyncio.fixture(
    params=["scripted", *(pytest.param(name, marks=pytest.mark.models) for name in ("llama", "openai"))]
)
async def model(request: pytest.FixtureRequest) -> AsyncIterator[LanguageModel]:
    if request.param == "scripted":
        yield ScriptedLanguageModel(in_turn("The capital of France is Paris, on the river Seine."))
        return
    llama: LlamaLanguageModel = request.getfixturevalue("llama")
    if request.param == "llama":
        yield llama
        return
    openai = OpenAILanguageModel(llama.url, llama.name, llama.api_key)
    yield openai
    await openai.aclose()


async def answered(model: LanguageModel, messages: Sequence[Message], options: GenerateOptions) -> list[str]:
    pieces = [piece async for piece in model.generate(messages, options)]
    return [piece for piece in pieces if isinstance(piece, str)]


async def test_an_answer_comes_in_pieces_of_text(model: LanguageModel) -> None:
    pieces = await answered(model, ASKED, SHORT)
    assert len(pieces) > 2
    assert all(pieces)


async def test_a_longer_answer_is_longer_but_no_longer_than_asked(model: LanguageModel) -> None:
    two, six = [await answered(model, ASKED, GenerateOptions(max_tokens=n)) for n in (2, 6)]
    assert 1 <= len(two) <= 2
    assert 3 <= len(six) <= 6


async def test_answers_may_overlap(model: LanguageModel) -> None:
    answers = await asyncio.gather(*(answered(model, ASKED, SHORT) for _ in range(5)))
    assert all(len(pieces) > 2 for pieces in answers)


async def test_closing_after_the_first_piece_is_heard_by_no_other(model: LanguageModel) -> None:
    async with aclosing(model.generate(ASKED, GenerateOptions(max_tokens=120))) as pieces:
        assert await anext(pieces)
    assert len(await answered(model, ASKED, SHORT)) > 2


async def test_cancelling_the_reader_ends_it(model: LanguageModel) -> None:
    reading = asyncio.create_task(answered(model, ASKED, GenerateOptions(max_tokens=120)))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert len(await answered(model, ASKED, SHORT)) > 2


async def test_a_model_that_is_not_there_is_named(model: LanguageModel) -> None:
    if isinstance(model, OpenAILanguageModel):
        pytest.skip("llama.cpp's endpoint serves its one model under every name")
    with pytest.raises(ModelError, match="no language model 'gpt-9'"):
        await answered(model, ASKED, GenerateOptions(model="gpt-9"))


async def test_priming_gives_nothing_and_changes_no_answer(model: LanguageModel) -> None:
    await model.prime(ASKED)
    await model.prime(())
    assert len(await answered(model, ASKED, SHORT)) > 2


async def test_what_utf8_cannot_hold_is_no_error(model: LanguageModel) -> None:
    assert await answered(model, (*ASKED[:1], Message("user", "Say hello \ud83d\x00 twice.")), SHORT)


async def test_a_history_without_end_is_answered(model: LanguageModel) -> None:
    if isinstance(model, OpenAILanguageModel):
        pytest.skip("what does not fit is the affair of that server")
    turns = [Message("user" if n % 2 else "assistant", f"{n} " + "word " * 60) for n in range(1, 30)]
    assert await answered(model, (ASKED[0], *turns), GenerateOptions(max_tokens=3))
