"""When which response could be heard, from what the loudspeaker played. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voice_server.audio.pcm import first_audible
from voice_server.bench.statistics import NEVER
from voice_server.client.call import Recording


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as far as it sounded. Times are ms from the microphone's beginning."""

    response: int
    audible_ms: float
    """When its first sample above -40 dBFS sounded."""
    last_ms: float
    """When its last sample sounded."""


def answers(recording: Recording) -> list[Answer]:
    """The responses that could be heard, in the order in which they began."""
    found: dict[int, Answer] = {}
    rate_hz = recording.loudspeaker.rate_hz
    for segment in recording.loudspeaker.segments:
        index = first_audible(segment.samples)
        known = found.get(segment.response)
        if known is None and index is None:
            continue
        audible_ms = known.audible_ms if known else (segment.start + (index or 0)) * 1000 / rate_hz
        found[segment.response] = Answer(segment.response, audible_ms, segment.end * 1000 / rate_hz)
    return list(found.values())


def audible_from(recording: Recording, response: int, from_ms: float) -> float:
    """When this response is first audible at `from_ms` or later; NEVER if it is not."""
    rate_hz = recording.loudspeaker.rate_hz
    first = from_ms * rate_hz / 1000
    for segment in recording.loudspeaker.segments:
        if segment.response != response or segment.end <= first:
            continue
        skipped = max(0, math.ceil(first) - segment.start)
        index = first_audible(segment.samples[skipped:])
        if index is not None:
            return (segment.start + skipped + index) * 1000 / rate_hz
    return NEVER


def last_played_ms(recording: Recording, response: int, until_ms: float) -> float | None:
    """When this response last sounded in a segment that began before `until_ms`; None if it did not."""
    rate_hz = recording.loudspeaker.rate_hz
    ends = [
        segment.end * 1000 / rate_hz
        for segment in recording.loudspeaker.segments
        if segment.response == response and segment.start * 1000 / rate_hz < until_ms
    ]
    return ends[-1] if ends else None
