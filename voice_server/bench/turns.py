"""One spoken turn and its answer: how long the gap was, and whether it was an answer too early. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice_server.bench.answers import Answer, answers
from voice_server.bench.clips import Clip
from voice_server.bench.statistics import NEVER
from voice_server.client.call import Recording


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """Times in ms; NEVER for what was waited for in vain."""

    gap_ms: float
    """The last sample of speech, by the manifest, as it sounds → the first audible sample of the answer."""
    gap_from_level_ms: float
    """The same from where the level falls, which the manifest's VAD sees up to 0.4 s later."""
    early: int
    """Answers that could be heard before the speech was over; they are not the answer above."""
    final_ms: float
    """The last sample of speech → the last `transcript.final` arrives."""
    latency: dict[str, float] = field(default_factory=dict)
    """The answer's waterfall, as the server has it."""


def measure_turn(recording: Recording, clip: Clip, at_ms: float) -> TurnOutcome:
    """Measure a session in which `clip` sounded once, its first sample at `at_ms`."""
    spoken_ms = at_ms + clip.end_ms
    over_ms = at_ms + min(clip.end_ms, clip.energy_end_ms)
    heard = answers(recording)
    answer = next((a for a in heard if a.audible_ms >= over_ms), None)
    audible_ms = answer.audible_ms if answer else NEVER
    return TurnOutcome(
        gap_ms=audible_ms - spoken_ms,
        gap_from_level_ms=audible_ms - at_ms - clip.energy_end_ms,
        early=sum(at_ms <= a.audible_ms < over_ms for a in heard),
        final_ms=_final_ms(recording) - spoken_ms,
        latency=waterfall(recording, answer) if answer else {},
    )


def waterfall(recording: Recording, answer: Answer) -> dict[str, float]:
    """`latency` of this answer's `response.done`, as far as the server knows its stages."""
    for entry in recording.log.received("response.done"):
        if entry.message.get("response") == answer.response:
            stages = entry.message.get("latency") or {}
            return {name: float(value) for name, value in stages.items() if value is not None}
    return {}


def _final_ms(recording: Recording) -> float:
    finals = recording.log.received("transcript.final")
    return recording.log.time_ms(finals[-1]) if finals else NEVER
