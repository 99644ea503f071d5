"""One spoken turn and its answer: how long the gap was, and whether it was an answer too early. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile

from voice_server.bench.answers import Answer, answers
from voice_server.bench.clips import Clip
from voice_server.bench.statistics import NEVER
from voice_server.bench.words import normalized
from voice_server.client.call import Recording
from voice_server.client.log import Entry


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
    """The last sample of speech → the words of the last `transcript.final` are there, if in a partial."""
    told_ms: float
    """The last sample of speech → the last `transcript.final` arrives; it tells the end of the turn too."""
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
        final_ms=final_words_ms(recording) - spoken_ms,
        told_ms=_told_ms(recording) - spoken_ms,
        latency=waterfall(recording, answer) if answer else {},
    )


def waterfall(recording: Recording, answer: Answer) -> dict[str, float]:
    """`latency` of this answer's `response.done`, as far as the server knows its stages."""
    for entry in recording.log.received("response.done"):
        if entry.message.get("response") == answer.response:
            stages = entry.message.get("latency") or {}
            return {name: float(value) for name, value in stages.items() if value is not None}
    return {}


def final_words_ms(recording: Recording) -> float:
    """When the words of the last `transcript.final` had come: no transcript says anything else after that."""
    heard = list(recording.log.received("transcript.partial", "transcript.final"))
    while heard and heard[-1].type != "transcript.final":
        heard.pop()
    same = list(takewhile(lambda entry: _said(entry) == _said(heard[-1]), reversed(heard)))
    return recording.log.time_ms(same[-1]) if same else NEVER


def _said(entry: Entry) -> tuple[int, list[str]]:
    return int(entry.message["turn"]), normalized(str(entry.message["text"]))


def _told_ms(recording: Recording) -> float:
    finals = recording.log.received("transcript.final")
    return recording.log.time_ms(finals[-1]) if finals else NEVER
