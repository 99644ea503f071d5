"""What every synthesizer keeps to."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from voice_server.adapters.scripted_speaking import ScriptedSynthesizer
from voice_server.adapters.tts_piper import PiperSynthesizer
from voice_server.errors import ModelError
from voice_server.ports import SpeechChunk, Synthesizer, Workers

TEXTS = [
    "Sure.",
    "The capital of the country is Paris.",
    "Hello, 42 people don't go there at 3:30 for $5.99, Dr. Smith!",
    "in the of the, with a lot of the to be",
    "It costs **two** dollars 😀 — no, *three*… or `four`. Then? (Well.)",
    "- one thing\n- another thing",
    "Über naïve 日本 cafés, e.g. this\tone.",
    "[[raw]] [link](https://example.org/x?y=1) snake_case & C++ #1",
    "Wait.Now!What?Yes",
]
SILENT = ["", "   ", "😀", '"', "...", "— ** —", "\ud83d", "😀 ... \u200b"]


@pytest.fixture(scope="module", params=["scripted", pytest.param("piper", marks=pytest.mark.models)])
def synthesizer(request: pytest.FixtureRequest, workers: Workers) -> Synthesizer:
    if request.param == "scripted":
        return ScriptedSynthesizer()
    models_dir: Path = request.getfixturevalue("models_dir")
    return PiperSynthesizer(models_dir / "piper-en_US-joe-medium" / "en_US-joe-medium.onnx", workers)


async def spoken(synthesizer: Synthesizer, text: str) -> list[SpeechChunk]:
    return [chunk async for chunk in synthesizer.synthesize(text, deadline_ms=0, voice=None)]


@pytest.mark.parametrize("text", TEXTS + SILENT)
async def test_the_words_are_the_words_of_the_text(synthesizer: Synthesizer, text: str) -> None:
    chunks = await spoken(synthesizer, text)
    assert [word.text for chunk in chunks for word in chunk.words] == text.split()


@pytest.mark.parametrize("text", TEXTS)
async def test_words_follow_each_other_within_the_sound(synthesizer: Synthesizer, text: str) -> None:
    for chunk in await spoken(synthesizer, text):
        assert chunk.samples.dtype == np.int16
        assert chunk.samples.ndim == 1
        edges = [edge for word in chunk.words for edge in (word.start_sample, word.end_sample)]
        assert all(a <= b for a, b in pairwise([0, *edges, len(chunk.samples)]))


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_sounds_and_longer_words_take_longer(synthesizer: Synthesizer, text: str) -> None:
    chunks = await spoken(synthesizer, text)
    seconds = sum(len(chunk.samples) for chunk in chunks) / synthesizer.sample_rate_hz
    assert 0.2 < seconds < 0.6 * len(text)
    assert max(np.abs(chunk.samples.astype(np.int32)).max() for chunk in chunks) > 1_000


@pytest.mark.parametrize("text", SILENT)
async def test_what_cannot_be_said_has_no_sound(synthesizer: Synthesizer, text: str) -> None:
    chunks = await spoken(synthesizer, text)
    assert sum(len(chunk.samples) for chunk in chunks) == 0
    assert all(word.end_sample == 0 for chunk in chunks for word in chunk.words)


async def test_clauses_may_overlap(synthesizer: Synthesizer) -> None:
    together = await asyncio.gather(*(spoken(synthesizer, text) for text in TEXTS[:3]))
    for text, chunks in zip(TEXTS, together, strict=False):
        assert [word.text for chunk in chunks for word in chunk.words] == text.split()


async def test_closing_early_harms_no_other(synthesizer: Synthesizer) -> None:
    async with aclosing(synthesizer.synthesize("One. Two.", deadline_ms=0, voice=None)) as chunks:
        await anext(chunks)
    abandoned = asyncio.create_task(spoken(synthesizer, TEXTS[1]))
    await asyncio.sleep(0)
    abandoned.cancel()
    assert await spoken(synthesizer, "Three.")


async def test_every_voice_speaks_and_others_are_refused_with_a_list(synthesizer: Synthesizer) -> None:
    for voice in synthesizer.voices:
        assert [chunk async for chunk in synthesizer.synthesize("Yes.", deadline_ms=0, voice=voice)]
    with pytest.raises(ModelError, match=f"no voice 'nobody': use one of {synthesizer.voices[0]}"):
        await anext(synthesizer.synthesize("Yes.", deadline_ms=0, voice="nobody"))
