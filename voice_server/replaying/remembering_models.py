"""Models that answer from memory: what they said in a captured session, as late as they said it.

Asked about a span that nobody asked about then, they give the answer about the nearest one. That is what
makes it possible to try another waiting time in seconds; what another model would say, they cannot know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence

import numpy as np

from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.core.conversation import Message
from voice_server.core.playout import Word
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ModelError
from voice_server.observing.trace_file import Trace
from voice_server.ports import GenerateOptions, Hypothesis, Models, SpeechChunk, VoiceStream
from voice_server.replaying.changes import setup_of
from voice_server.replaying.memories import Answered, Generated, Memories
from voice_server.replaying.patient_clock import PatientClock
from voice_server.replaying.remembered_tools import RememberedTools
from voice_server.replaying.ruler import Ruler

CHARS_PER_S = 15
"""How fast a clause is spoken that never was."""


def remembering(trace: Trace, memories: Memories, clock: PatientClock, ruler: Ruler) -> Models:
    """Models for one session, whose sound is the ruler's."""
    frames = list(trace.of("vad"))
    return Models(
        gate=_Detector([frame["gate"] for frame in frames]),
        judge=_Detector([frame["judge"] or 0.0 for frame in frames]),
        turns=_TurnDetector(memories.scored, clock, ruler),
        transcriber=_Transcriber(memories.transcribed, clock, ruler),
        language_model=_LanguageModel(list(memories.generated.values()), clock),
        synthesizer=_Synthesizer(trace, memories, clock),
        tools=RememberedTools(memories.tools, setup_of(trace.head).config.server_tools, clock),
    )


class _Detector:
    """Fits `ports.VoiceDetector`, and its one stream."""

    def __init__(self, probabilities: Sequence[float]) -> None:
        self._probabilities = probabilities
        self._frames = 0

    def open(self) -> VoiceStream:
        return self

    async def push(self, frame: Pcm) -> float:
        self.skip(frame)
        heard = self._frames <= len(self._probabilities)
        return self._probabilities[self._frames - 1] if heard else 0.0

    def skip(self, frame: Pcm) -> None:
        self._frames += 1

    def reset(self) -> None:
        pass  # it remembers; it was not listening


class _Recall:
    """Finds what was said about the nearest span, and waits as long as it took."""

    def __init__(self, answers: list[Answered], clock: PatientClock, ruler: Ruler) -> None:
        self._answers = answers
        self._clock = clock
        self._ruler = ruler

    async def about(self, samples: Pcm, final: bool = False) -> Answered | None:
        start_ms, end_ms = self._ruler.span(samples)

        def distance(answer: Answered) -> tuple[int, bool]:
            return abs(answer.end_ms - end_ms) + abs(answer.start_ms - start_ms), answer.final != final

        nearest = min(self._answers, key=distance, default=None)
        await self._clock.pause(nearest.took_ms if nearest else 0)
        if nearest and "reason" in nearest.event:
            raise ModelError(nearest.event["reason"])
        return nearest


class _Transcriber:
    """Fits `ports.Transcriber`."""

    def __init__(self, answers: list[Answered], clock: PatientClock, ruler: Ruler) -> None:
        self._recall = _Recall(answers, clock, ruler)

    async def transcribe(self, samples: Pcm, *, deadline_ms: int, language: str, final: bool) -> Hypothesis:
        nearest = await self._recall.about(samples, final)
        if nearest is None:
            return Hypothesis("", 0.0, 1.0)
        said = nearest.event
        return Hypothesis(said["text"], said["avg_logprob"], said["no_speech_prob"])


class _TurnDetector:
    """Fits `ports.TurnDetector`."""

    def __init__(self, answers: list[Answered], clock: PatientClock, ruler: Ruler) -> None:
        self._recall = _Recall(answers, clock, ruler)

    async def end_of_turn(self, samples: Pcm, *, deadline_ms: int) -> float:
        nearest = await self._recall.about(samples)
        return float(nearest.event["probability"]) if nearest else 0.5


class _LanguageModel:
    """Fits `ports.LanguageModel`."""

    def __init__(self, known: list[Generated], clock: PatientClock) -> None:
        self._known = known
        self._clock = clock

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        pass  # it has nothing to prepare

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        asked = messages[-1].content if messages else ""
        before_ms = 0
        for after_ms, piece in self._answer_to(asked).pieces:
            await self._clock.pause(after_ms - before_ms)
            before_ms = after_ms
            yield piece

    def _answer_to(self, asked: str) -> Generated:
        """The longest to the same words; to others, the longest of all."""
        same = [each for each in self._known if each.asked == asked] or self._known
        return max(same, key=lambda each: len(each.text), default=Generated(asked))


class _Synthesizer:
    """Fits `ports.Synthesizer`."""

    def __init__(self, trace: Trace, memories: Memories, clock: PatientClock) -> None:
        self._clock = clock
        self._memories = memories
        self._latency_ms = memories.latencies().clause_ms
        self.sample_rate_hz = trace.rate_hz("voice")
        self.voices: tuple[str, ...] = ()
        self._spoken = _spoken(trace)

    async def synthesize(
        self, text: str, *, deadline_ms: int, voice: str | None
    ) -> AsyncGenerator[SpeechChunk, None]:
        await self._clock.pause(self._memories.clauses_ms.get(text, self._latency_ms))
        for chunk in self._spoken.get(text) or [self._guessed(text)]:
            yield chunk

    def _guessed(self, text: str) -> SpeechChunk:
        """As long as somebody would take to say it."""
        words, step = text.split(), self.sample_rate_hz // CHARS_PER_S
        placed, at = [], 0
        for word in words:
            end = at + (len(word) + 1) * step
            placed.append(Word(word, at, end))
            at = end
        return SpeechChunk(np.zeros(at, np.int16), tuple(placed))


def _spoken(trace: Trace) -> dict[str, list[SpeechChunk]]:
    """The chunks of each clause; silent where the trace holds no sound."""
    kept = "sound" not in trace.head.get("left_out", ())
    sound = trace.sound("voice") if kept else b""
    spoken: dict[str, list[SpeechChunk]] = defaultdict(list)
    for record in trace.of("voice"):
        if "audio" in record:
            begin, size = record["audio"]
            pcm = from_bytes(sound[begin : begin + size]) if kept else np.zeros(size // 2, np.int16)
            words = tuple(Word(w["text"], w["start_sample"], w["end_sample"]) for w in record["words"])
            spoken[record["text"]].append(SpeechChunk(pcm, words))
    return {text: _once(text, chunks) for text, chunks in spoken.items()}


def _once(text: str, chunks: list[SpeechChunk]) -> list[SpeechChunk]:
    """A clause that was spoken twice, once."""
    wanted, once = len(text.split()), list[SpeechChunk]()
    for chunk in chunks:
        once.append(chunk)
        if sum(len(each.words) for each in once) >= wanted:
            break
    return once
