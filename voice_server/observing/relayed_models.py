"""Models that speak, with somebody between them and the session through whose hands their words pass."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.ports import GenerateOptions, LanguageModel, SpeechChunk, Synthesizer

Chunks = AsyncGenerator[SpeechChunk, None]
Pass = Callable[[str, Chunks], Chunks]
"""Takes a clause and what is made of it, and hands that on. Closes what it is given."""
Ran = Callable[[float, float], None]
"""Is told for how many ms the first piece was waited for, and then all others together."""
NowS = Callable[[], float]


class RelayedSynthesizer:
    """Fits `ports.Synthesizer`."""

    def __init__(self, synthesizer: Synthesizer, pass_on: Pass) -> None:
        self._synthesizer = synthesizer
        self._pass_on = pass_on

    @property
    def sample_rate_hz(self) -> int:
        """As the synthesizer's."""
        return self._synthesizer.sample_rate_hz

    @property
    def voices(self) -> tuple[str, ...]:
        """As the synthesizer's."""
        return self._synthesizer.voices

    def synthesize(self, text: str, *, deadline_ms: int, voice: str | None) -> Chunks:
        """What is handed on of the synthesizer's."""
        return self._pass_on(text, self._synthesizer.synthesize(text, deadline_ms=deadline_ms, voice=voice))


class TimedLanguageModel:
    """Fits `ports.LanguageModel`. Counts the model's time alone, not what the listener makes of it."""

    def __init__(self, model: LanguageModel, ran: Ran, now_s: NowS = time.perf_counter) -> None:
        self._model = model
        self._ran = ran
        self._now_s = now_s

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """As the model; nobody waits for it."""
        await self._model.prime(messages, tools)

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        """As the model."""
        spent_ms: list[float] = []
        async with aclosing(self._model.generate(messages, options)) as pieces:
            began_s = self._now_s()
            try:
                async for piece in pieces:
                    spent_ms.append((self._now_s() - began_s) * 1000)
                    yield piece
                    began_s = self._now_s()
            finally:
                if spent_ms:
                    self._ran(spent_ms[0], sum(spent_ms[1:]))
