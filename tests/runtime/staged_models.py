"""The scripted models on a clock: answers that take their time, a voice in pieces of any size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from itertools import cycle
from typing import Literal

from voice_server.adapters.scripted_speaking import Replies, ScriptedSynthesizer, Step
from voice_server.core.playout import Word
from voice_server.ports import Clock, SpeechChunk

RATE_HZ = 16_000
ANSWER = "Certainly, that is easy. It is a quarter past ten now."


async def pause(clock: Clock, ms: int) -> None:
    """Let so much time pass."""
    await clock.wait(asyncio.Event(), clock.now_ms() + ms)


class Pause(asyncio.Event):
    """A step of a script that takes so much time."""

    def __init__(self, clock: Clock, ms: int) -> None:
        super().__init__()
        self._clock = clock
        self._ms = ms

    async def wait(self) -> Literal[True]:
        """Let it pass."""
        await pause(self._clock, self._ms)
        return True


def word_by_word(clock: Clock, answer: str = ANSWER, token_ms: int = 20) -> Replies:
    """Generate `answer`, a word every `token_ms`."""
    steps: list[Step] = []
    for word in answer.split():
        steps += [Pause(clock, token_ms), f"{word} "]
    return lambda call, messages: steps


def after(clock: Clock, ms: int) -> Callable[[str], Awaitable[None]]:
    """Speak each clause so long after it was asked for."""
    return lambda text: pause(clock, ms)


class PiecemealSynthesizer(ScriptedSynthesizer):
    """The scripted voice in chunks: each so many samples long, so many ms after the one before."""

    def __init__(self, clock: Clock, sample_rate_hz: int, pieces: Iterable[tuple[int, int]]) -> None:
        super().__init__(ms_per_letter=20, sample_rate_hz=sample_rate_hz)
        self.made_samples = 0
        self._clock = clock
        self._pieces = cycle(pieces)

    async def synthesize(
        self, text: str, *, deadline_ms: int, voice: str | None
    ) -> AsyncGenerator[SpeechChunk, None]:
        """The clause, cut."""
        async for whole in super().synthesize(text, deadline_ms=deadline_ms, voice=voice):
            begin = 0
            while begin < len(whole.samples):
                ms, length = next(self._pieces)
                await pause(self._clock, ms)
                chunk = _cut(whole, begin, begin + length)
                begin += length
                self.made_samples += len(chunk.samples)
                yield chunk


def _cut(chunk: SpeechChunk, begin: int, end: int) -> SpeechChunk:
    """A part of it, with the words that begin in it."""
    end = min(end, len(chunk.samples))
    words = [word for word in chunk.words if begin <= word.start_sample < end]
    placed = (Word(w.text, w.start_sample - begin, min(w.end_sample, end) - begin) for w in words)
    return SpeechChunk(chunk.samples[begin:end], tuple(placed))
