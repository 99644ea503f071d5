"""Models whose answers are noted, where the core's events do not hold them: every frame's, and sound.

What was transcribed, scored and generated is in the trace already: the order names the span or the messages,
the event with the same request or response the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from voice_server.audio.pcm import Pcm
from voice_server.observing.relayed_models import Chunks, RelayedSynthesizer
from voice_server.ports import Models, SpeechChunk, VoiceDetector, VoiceStream

NoteVoice = Callable[[float, float | None], None]
"""Is told of each frame: the gate's probability, and the judge's if it was asked."""
NoteSpeech = Callable[[str, SpeechChunk], None]
"""Is told of each chunk, and the text that it is of."""


def noted(models: Models, note_voice: NoteVoice, note_speech: NoteSpeech) -> Models:
    """The same models for one session, with somebody who notes."""
    ear = _Ear(note_voice)

    async def pass_on(text: str, chunks: Chunks) -> Chunks:
        async with aclosing(chunks):
            async for chunk in chunks:
                note_speech(text, chunk)
                yield chunk

    return replace(
        models,
        gate=_Noted(models.gate, ear.gate),
        judge=_Noted(models.judge, ear.judge),
        synthesizer=RelayedSynthesizer(models.synthesizer, pass_on),
    )


class _Ear:
    """The gate answers each frame first, then the judge answers it or skips it."""

    def __init__(self, note: NoteVoice) -> None:
        self._note = note
        self._gate = 0.0

    def gate(self, probability: float | None) -> None:
        self._gate = probability or 0.0

    def judge(self, probability: float | None) -> None:
        self._note(self._gate, probability)


class _Noted:
    """Fits `ports.VoiceDetector`, for one session."""

    def __init__(self, detector: VoiceDetector, note: Callable[[float | None], None]) -> None:
        self._detector = detector
        self._note = note

    def open(self) -> VoiceStream:
        return _NotedStream(self._detector.open(), self._note)


class _NotedStream:
    """Fits `ports.VoiceStream`."""

    def __init__(self, stream: VoiceStream, note: Callable[[float | None], None]) -> None:
        self._stream = stream
        self._note = note

    async def push(self, frame: Pcm) -> float:
        probability = await self._stream.push(frame)
        self._note(probability)
        return probability

    def skip(self, frame: Pcm) -> None:
        self._stream.skip(frame)
        self._note(None)

    def reset(self) -> None:
        self._stream.reset()
