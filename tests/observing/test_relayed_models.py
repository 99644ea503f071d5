"""The language model's time: its own, and not that of who listens to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from voice_server.core.conversation import Message
from voice_server.core.tools import ToolSpec
from voice_server.errors import ModelError
from voice_server.observing.relayed_models import TimedLanguageModel
from voice_server.ports import GenerateOptions


class Slow:
    """Fits `ports.LanguageModel`: 2 s to the first word, 1 s to each other; fails after so many."""

    def __init__(self, words: int) -> None:
        self.now_s = 100.0
        self._words = words

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        self.now_s += 50

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str, None]:
        self.now_s += 1
        for _ in range(self._words):
            self.now_s += 1
            yield "word"
        raise ModelError("it broke")


async def _hear(model: Slow, told: list[tuple[float, float]], most: int) -> None:
    timed = TimedLanguageModel(model, lambda *times: told.append(times), lambda: model.now_s)
    await timed.prime([])
    async with aclosing(timed.generate([], GenerateOptions())) as pieces:
        heard = 0
        async for _ in pieces:
            heard += 1
            model.now_s += 10  # the listener takes its time
            if heard == most:
                return


async def test_the_first_word_was_waited_for_and_the_others_took_so_long() -> None:
    told: list[tuple[float, float]] = []
    with pytest.raises(ModelError, match="it broke"):
        await _hear(Slow(3), told, most=9)
    assert told == [(2_000, 2_000)]


async def test_who_stops_listening_has_timed_what_was_heard() -> None:
    told: list[tuple[float, float]] = []
    await _hear(Slow(9), told, most=2)
    assert told == [(2_000, 1_000)]


async def test_nothing_heard_is_nothing_timed() -> None:
    told: list[tuple[float, float]] = []
    with pytest.raises(ModelError):
        await _hear(Slow(0), told, most=9)
    assert told == []
