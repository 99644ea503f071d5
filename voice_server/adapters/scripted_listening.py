"""Ears without models: detectors and a transcriber that answer by rule, and pass the models' contract tests.

Each is given a rule, a function of the number of the call (from 0) and of the samples. A rule may raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ, frame_samples, ms_to_samples
from voice_server.errors import ModelError
from voice_server.ports import Hypothesis

T = TypeVar("T")
Rule = Callable[[int, Pcm], T]

LOUD = 600
"""A peak that speech passes and a quiet room does not."""
MIN_SPEECH_SAMPLES = ms_to_samples(100, INPUT_HZ)
NOTHING = Hypothesis(text="", avg_logprob=0.0, no_speech_prob=1.0)


def in_turn(answers: Sequence[T]) -> Rule[T]:
    """Answer with one after the other, and with the last for ever."""
    return lambda call, samples: answers[min(call, len(answers) - 1)]


def if_loud(yes: T, no: T) -> Rule[T]:
    """Answer by the loudest sample."""
    return lambda call, samples: yes if len(samples) and np.abs(samples.astype(np.int32)).max() > LOUD else no


def said(text: str) -> Hypothesis:
    """A hypothesis that the transcriber is sure of."""
    return Hypothesis(text, avg_logprob=-0.2, no_speech_prob=0.05)


SPEECH_IF_LOUD = if_loud(1.0, 0.0)
HELLO_IF_LOUD = if_loud(said("Hello."), NOTHING)


class ScriptedVoiceDetector:
    """Fits `ports.VoiceDetector`. Each stream counts its own calls, and begins anew on `reset`."""

    def __init__(self, rule: Rule[float] = SPEECH_IF_LOUD) -> None:
        self._rule = rule

    def open(self) -> ScriptedVoiceStream:
        """A new stream."""
        return ScriptedVoiceStream(self._rule)


class ScriptedVoiceStream:
    """Fits `ports.VoiceStream`."""

    def __init__(self, rule: Rule[float]) -> None:
        self._rule = rule
        self.reset()

    async def push(self, frame: Pcm) -> float:
        """What the rule says."""
        self.skip(frame)
        return self._rule(self._calls - 1, frame)

    def skip(self, frame: Pcm) -> None:
        """A call too, that nobody heard the answer of."""
        if len(frame) != frame_samples(INPUT_HZ):
            raise ModelError(f"a frame is {frame_samples(INPUT_HZ)} samples, not {len(frame)}")
        self._calls += 1

    def reset(self) -> None:
        """Count from 0."""
        self._calls = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that was asked of a `ScriptedTranscriber`."""

    samples: int
    deadline_ms: int
    language: str
    final: bool


class ScriptedTranscriber:
    """Fits `ports.Transcriber`, and keeps the requests."""

    def __init__(self, rule: Rule[Hypothesis] = HELLO_IF_LOUD) -> None:
        self._rule = rule
        self.requests: list[Request] = []

    async def transcribe(self, samples: Pcm, *, deadline_ms: int, language: str, final: bool) -> Hypothesis:
        """What the rule says; nothing for less than 100 ms."""
        self.requests.append(Request(len(samples), deadline_ms, language, final))
        return self._rule(len(self.requests) - 1, samples) if len(samples) >= MIN_SPEECH_SAMPLES else NOTHING


def pause_at_end(call: int, samples: Pcm) -> float:
    """0.9 when the last 100 ms are quiet, else 0.1."""
    return if_loud(0.1, 0.9)(call, samples[-MIN_SPEECH_SAMPLES:])


class ScriptedTurnDetector:
    """Fits `ports.TurnDetector`."""

    def __init__(self, rule: Rule[float] = pause_at_end) -> None:
        self._rule = rule
        self._calls = 0

    async def end_of_turn(self, samples: Pcm, *, deadline_ms: int) -> float:
        """What the rule says."""
        self._calls += 1
        return self._rule(self._calls - 1, samples)
