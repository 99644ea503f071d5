"""A mouth without models: a language model and a synthesizer by script, which pass the contract tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import ms_to_samples
from voice_server.core.conversation import Message
from voice_server.core.playout import Word
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ModelError
from voice_server.ports import GenerateOptions, SpeechChunk

Step = str | ToolCall | asyncio.Event | ModelError
"""A piece of text; the call of a tool; something to wait for; a failure."""
Replies = Callable[[int, Sequence[Message]], Sequence[Step]]
"""The reply to a call, by its number (from 0) and its prompt."""

TONE_HZ = 220
LOUDNESS = 8_000


def in_turn(*replies: str | Sequence[Step]) -> Replies:
    """One reply after the other, and the last for ever. A text comes word by word."""
    steps = [_pieces(reply) if isinstance(reply, str) else reply for reply in replies]
    return lambda call, messages: steps[min(call, len(steps) - 1)]


def _pieces(text: str) -> list[Step]:
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)] if text else []


class ScriptedLanguageModel:
    """Fits `ports.LanguageModel`. Keeps what was asked; `running` counts the answers that are not over."""

    name = "scripted"

    def __init__(self, replies: Replies | None = None) -> None:
        self.requests: list[tuple[tuple[Message, ...], GenerateOptions]] = []
        self.primed: list[tuple[Message, ...]] = []
        self.running = 0
        self._replies = replies or in_turn("All right, I am on it.")

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Only noted."""
        self.primed.append(tuple(messages))

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        """The reply of the script, step by step, of at most `max_tokens` pieces."""
        if options.model not in (None, self.name):
            raise ModelError(f"there is no language model {options.model!r}: this is {self.name}")
        self.requests.append((tuple(messages), options))
        self.running += 1
        try:
            for step in self._replies(len(self.requests) - 1, messages)[: options.max_tokens]:
                await asyncio.sleep(0)
                if isinstance(step, ModelError):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif step:
                    yield step
        finally:
            self.running -= 1


async def _at_once(text: str) -> None:
    await asyncio.sleep(0)


class ScriptedSynthesizer:
    """Fits `ports.Synthesizer`: a tone of `ms_per_letter` for every letter, and such a pause after each word.

    `before` is awaited with each clause; it may wait, or raise. Keeps the clauses.
    """

    voices = ("scripted",)

    def __init__(
        self,
        ms_per_letter: int = 50,
        sample_rate_hz: int = 22_050,
        before: Callable[[str], Awaitable[None]] = _at_once,
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.clauses: list[str] = []
        self._letter_samples = ms_to_samples(ms_per_letter, sample_rate_hz)
        self._before = before

    async def synthesize(
        self, text: str, *, deadline_ms: int, voice: str | None
    ) -> AsyncGenerator[SpeechChunk, None]:
        """The whole clause in one chunk."""
        if voice not in (None, *self.voices):
            raise ModelError(f"there is no voice {voice!r}: use one of {', '.join(self.voices)}")
        self.clauses.append(text)
        await self._before(text)
        words = self._placed(text.split())
        yield SpeechChunk(self._sound(words), words)

    def _placed(self, texts: Sequence[str]) -> tuple[Word, ...]:
        words, at = [], 0
        for text in texts:
            end = at + sum(map(str.isalnum, text)) * self._letter_samples
            words.append(Word(text, at, end))
            at = end + self._letter_samples * (end > at)
        return tuple(words)

    def _sound(self, words: Sequence[Word]) -> Pcm:
        sounding = [w for w in words if w.end_sample > w.start_sample]
        samples = np.zeros(sounding[-1].end_sample + self._letter_samples if sounding else 0, np.int16)
        for word in sounding:
            turns = np.arange(word.end_sample - word.start_sample) * TONE_HZ / self.sample_rate_hz
            samples[word.start_sample : word.end_sample] = LOUDNESS * np.sin(2 * np.pi * turns)
        return samples
