"""The scripted mouth follows its script. That it is a mouth at all, the contracts say."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
import pytest

from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, ScriptedSynthesizer, in_turn
from voice_server.core.conversation import Message
from voice_server.core.playout import Word
from voice_server.core.tools import ToolCall
from voice_server.errors import ModelError
from voice_server.ports import GenerateOptions

ASKED = (Message("user", "Hello?"),)
OPTIONS = GenerateOptions()


async def answer(model: ScriptedLanguageModel) -> list[str | ToolCall]:
    return [piece async for piece in model.generate(ASKED, OPTIONS)]


async def test_replies_in_turn_word_by_word_and_the_last_for_ever() -> None:
    model = ScriptedLanguageModel(in_turn("Hello there, you.", "", "Yes."))
    assert [await answer(model) for _ in range(4)] == [["Hello", " there,", " you."], [], ["Yes."], ["Yes."]]
    assert model.requests == [(ASKED, OPTIONS)] * 4


async def test_a_reply_may_depend_on_the_prompt() -> None:
    model = ScriptedLanguageModel(lambda call, messages: [f"{call}: {messages[-1].content}"])
    assert await answer(model) == ["0: Hello?"]


async def test_a_gate_holds_the_answer_until_it_is_opened() -> None:
    gate = asyncio.Event()
    model = ScriptedLanguageModel(in_turn(["One", gate, "two"]))
    async with aclosing(model.generate(ASKED, OPTIONS)) as pieces:
        assert await anext(pieces) == "One"
        waiting = asyncio.ensure_future(anext(pieces))
        for _ in range(9):
            await asyncio.sleep(0)
        assert not waiting.done()
        gate.set()
        assert await waiting == "two"


async def test_a_failure_in_the_middle() -> None:
    model = ScriptedLanguageModel(in_turn(["One", ModelError("broken")]))
    pieces = model.generate(ASKED, OPTIONS)
    assert await anext(pieces) == "One"
    with pytest.raises(ModelError, match="broken"):
        await anext(pieces)
    assert model.running == 0


async def test_an_answer_that_is_closed_runs_no_longer() -> None:
    model = ScriptedLanguageModel(in_turn("One two three"))
    async with aclosing(model.generate(ASKED, OPTIONS)) as pieces:
        await anext(pieces)
        assert model.running == 1
    assert model.running == 0


async def test_what_is_primed_is_noted() -> None:
    model = ScriptedLanguageModel()
    await model.prime(ASKED)
    assert model.primed == [ASKED]


async def test_words_last_by_their_letters_and_sound_just_then() -> None:
    synthesizer = ScriptedSynthesizer(ms_per_letter=10, sample_rate_hz=1_000)
    (chunk,) = [c async for c in synthesizer.synthesize("Hi, you 😀", deadline_ms=0, voice=None)]
    assert chunk.words == (Word("Hi,", 0, 20), Word("you", 30, 60), Word("😀", 70, 70))
    assert len(chunk.samples) == 70
    assert not chunk.samples[20:30].any()
    assert np.count_nonzero(chunk.samples[30:60]) > 25
    assert synthesizer.clauses == ["Hi, you 😀"]


async def test_what_comes_before_may_raise() -> None:
    async def fail(text: str) -> None:
        raise ModelError(f"cannot say {text!r}")

    with pytest.raises(ModelError, match="cannot say 'Hi'"):
        await anext(ScriptedSynthesizer(before=fail).synthesize("Hi", deadline_ms=0, voice=None))
