"""`bench recognition`: what a transcriber's settings cost in time and in wrong words.

Each recording is transcribed whole, with one setting after the other before the next recording, so that a
machine that is busy for a while is so for all of them. Speech gives the word error and the times, noise how
often words are heard where nobody speaks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from voice_server.bench.clips import Clip
from voice_server.bench.machine import described
from voice_server.bench.statistics import Distribution, Share
from voice_server.bench.transcripts import loops
from voice_server.bench.words import normalized, word_errors
from voice_server.ports import Transcriber

KINDS = ("speech", "long", "noise")
LIBRARIES = ("faster-whisper", "ctranslate2", "numpy")
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to transcribe."""

    model: str
    context_ms: int
    """The encoder sees at least so much sound, padding included."""
    threads: int

    def __str__(self) -> str:
        return f"{self.model}, {self.context_ms / 1000:g} s, threads: {self.threads}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """What came of one recording."""

    clip: str
    kind: str
    text: str
    ms: float
    processor_ms: float
    """Of all cores together: it grows less than `ms` where other programs take turns."""
    errors: int
    words: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one setting made of all recordings."""

    setting: Setting
    transcripts: Sequence[Transcript]

    @property
    def time_ms(self) -> Distribution | None:
        """The time for one recording with speech."""
        return Distribution.of(t.ms for t in self._speech())

    @property
    def processor_ms(self) -> Distribution | None:
        """The processor time for one recording with speech."""
        return Distribution.of(t.processor_ms for t in self._speech())

    @property
    def word_error(self) -> Share:
        """Wrong, missing and added words, of the words that were said."""
        speech = self._speech()
        return Share(sum(t.errors for t in speech), sum(t.words for t in speech))

    @property
    def noise_with_words(self) -> Share:
        """Noises in which words were heard."""
        return Share.where(bool(normalized(t.text)) for t in self.transcripts if t.kind == "noise")

    @property
    def looped(self) -> int:
        """Transcripts that repeat themselves."""
        return sum(loops(t.text) for t in self.transcripts)

    def record(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            **asdict(self.setting),
            "time_ms": self.time_ms,
            "processor_ms": self.processor_ms,
            "word_error": {"value": self.word_error.value, **asdict(self.word_error)},
            "noise_with_words": self.noise_with_words,
            "looped": self.looped,
            "transcripts": self.transcripts,
        }

    def _speech(self) -> list[Transcript]:
        return [t for t in self.transcripts if t.kind != "noise"]


@dataclass(slots=True)
class RecognitionReport:
    """What one call of the benchmark found."""

    outcomes: list[Outcome] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=described)

    def record(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "benchmark": "recognition",
            "machine": {**self.machine, "load_after": os.getloadavg()},
            "libraries": {name: version(name) for name in LIBRARIES},
            "outcomes": [outcome.record() for outcome in self.outcomes],
        }


async def measure(
    make: Callable[[Setting], Transcriber],
    settings: Sequence[Setting],
    clips: Sequence[Clip],
    tell: Callable[[Setting, Transcript], None],
) -> RecognitionReport:
    """Transcribe every clip with every setting; `tell` hears of each as it is done.

    All transcribers are in memory at once.
    """
    report = RecognitionReport()
    transcribers = {setting: make(setting) for setting in settings}
    transcripts: dict[Setting, list[Transcript]] = {setting: [] for setting in settings}
    for transcriber in transcribers.values():
        await _transcribed(transcriber, clips[0])  # the first run allocates
    for clip in clips:
        for setting, transcriber in transcribers.items():
            transcript = await _transcribed(transcriber, clip)
            transcripts[setting].append(transcript)
            tell(setting, transcript)
    report.outcomes = [Outcome(setting, found) for setting, found in transcripts.items()]
    return report


async def _transcribed(transcriber: Transcriber, clip: Clip) -> Transcript:
    begun_ns, processor_ns = time.perf_counter_ns(), time.process_time_ns()
    found = await transcriber.transcribe(clip.samples, deadline_ms=0, language="en", final=True)
    ms = (time.perf_counter_ns() - begun_ns) / NS_PER_MS
    processor_ms = (time.process_time_ns() - processor_ns) / NS_PER_MS
    errors, words = word_errors(clip.transcript or "", found.text)
    return Transcript(clip.name, clip.kind, found.text, ms, processor_ms, errors, words)
