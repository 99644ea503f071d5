"""Real models under a virtual clock: they compute while time stands still, then take a stated time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from voice_server.audio.pcm import Pcm
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.observing.relayed_models import Chunks, RelayedSynthesizer
from voice_server.ports import (
    GenerateOptions,
    Hypothesis,
    LanguageModel,
    Models,
    Transcriber,
    TurnDetector,
    VoiceDetector,
    VoiceStream,
)
from voice_server.replaying.memories import Latencies
from voice_server.replaying.patient_clock import PatientClock


def waiting(models: Models, latencies: Latencies, clock: PatientClock) -> Models:
    """The same models. The detectors, asked on every frame, take no time."""

    async def speak_late(text: str, chunks: Chunks) -> Chunks:
        async with clock.working(), aclosing(chunks):
            made = [chunk async for chunk in chunks]
        for chunk in made:
            await clock.pause(latencies.clause_ms)
            yield chunk

    return Models(
        gate=_Detector(models.gate, clock),
        judge=_Detector(models.judge, clock),
        turns=_TurnDetector(models.turns, latencies, clock),
        transcriber=_Transcriber(models.transcriber, latencies, clock),
        language_model=_LanguageModel(models.language_model, latencies, clock),
        synthesizer=RelayedSynthesizer(models.synthesizer, speak_late),
        tools=models.tools,
    )


class _Detector:
    """Fits `ports.VoiceDetector`."""

    def __init__(self, detector: VoiceDetector, clock: PatientClock) -> None:
        self._detector = detector
        self._clock = clock

    def open(self) -> VoiceStream:
        return _Stream(self._detector.open(), self._clock)


class _Stream:
    """Fits `ports.VoiceStream`."""

    def __init__(self, stream: VoiceStream, clock: PatientClock) -> None:
        self._stream = stream
        self._clock = clock

    async def push(self, frame: Pcm) -> float:
        async with self._clock.working():
            return await self._stream.push(frame)

    def skip(self, frame: Pcm) -> None:
        self._stream.skip(frame)

    def reset(self) -> None:
        self._stream.reset()


class _Transcriber:
    """Fits `ports.Transcriber`."""

    def __init__(self, transcriber: Transcriber, latencies: Latencies, clock: PatientClock) -> None:
        self._transcriber = transcriber
        self._latencies = latencies
        self._clock = clock

    async def transcribe(self, samples: Pcm, *, deadline_ms: int, language: str, final: bool) -> Hypothesis:
        async with self._clock.working():
            found = await self._transcriber.transcribe(
                samples, deadline_ms=deadline_ms, language=language, final=final
            )
        await self._clock.pause(self._latencies.final_ms if final else self._latencies.partial_ms)
        return found


class _TurnDetector:
    """Fits `ports.TurnDetector`."""

    def __init__(self, detector: TurnDetector, latencies: Latencies, clock: PatientClock) -> None:
        self._detector = detector
        self._latencies = latencies
        self._clock = clock

    async def end_of_turn(self, samples: Pcm, *, deadline_ms: int) -> float:
        async with self._clock.working():
            probability = await self._detector.end_of_turn(samples, deadline_ms=deadline_ms)
        await self._clock.pause(self._latencies.score_ms)
        return probability


class _LanguageModel:
    """Fits `ports.LanguageModel`."""

    def __init__(self, model: LanguageModel, latencies: Latencies, clock: PatientClock) -> None:
        self._model = model
        self._latencies = latencies
        self._clock = clock

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        pass  # speed is what the latencies say

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        wait_ms = self._latencies.first_token_ms
        async with self._clock.working(), aclosing(self._model.generate(messages, options)) as pieces:
            text = [piece async for piece in pieces]
        for piece in text:
            await self._clock.pause(wait_ms)
            wait_ms = self._latencies.token_ms
            yield piece
