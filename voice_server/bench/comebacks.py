"""What a session has lost, heard twice and waited for when its server was killed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voice_server.bench.numbers import Goal, Number
from voice_server.bench.statistics import NEVER, Distribution, Share
from voice_server.client.call import Recording
from voice_server.client.clock import NS_PER_MS
from voice_server.client.log import Entry


@dataclass(frozen=True, slots=True)
class Cycle:
    """What became of one session whose server was killed. Times in ms; NEVER where it did not come."""

    away_ms: float
    """From when the client saw that its connection was lost to `session.resumed`."""
    resumed_ms: float
    """From the new connection (`session.resume` is sent) to `session.resumed`."""
    audio_ms: float
    """From the new connection to the first frame of the rest."""
    silence_ms: float
    """Silence that was heard in the middle of the sentence."""
    lost_messages: int
    """Numbers that never came."""
    doubled_messages: int
    lost_ms: float
    """Sound in the middle of the response that was never played."""
    doubled_ms: float
    """Sound that was played twice."""
    text_kept: bool
    """Whether the response ended as completed, with the whole text, all of it heard."""
    said: str | None = None
    """Where it is not: how the response ended, with its text and what was heard."""
    error: str | None = None
    """Why the session came to no end."""


def found(recording: Recording, text: str, error: str | None) -> Cycle:
    """What the recording of a session says, in which `text` was to be spoken."""
    log = recording.log
    lost = [entry for entry in log.entries if entry.type == "connection"]
    knocks = [entry for entry in log.entries if entry.type == "session.resume" and not entry.from_server]
    resumed = log.received("session.resumed")
    rest = [entry for entry in log.received("audio") if resumed and entry.at_ns >= resumed[0].at_ns]
    numbers = Counter(int(e.message["seq"]) for e in log.entries if e.from_server and _is_numbered(e))
    lost_ms, doubled_ms, silence_ms = _sound(recording)
    said = [_ending(entry) for entry in log.received("response.done")]
    kept = said == [("completed", text, text)]
    return Cycle(
        away_ms=_between(lost[:1], resumed),
        resumed_ms=_between(knocks[-1:], resumed),
        audio_ms=_between(knocks[-1:], rest),
        silence_ms=silence_ms,
        lost_messages=max(numbers, default=0) - len(numbers),
        doubled_messages=sum(numbers.values()) - len(numbers),
        lost_ms=lost_ms,
        doubled_ms=doubled_ms,
        text_kept=kept,
        said=None if kept else repr(said),
        error=error,
    )


def _is_numbered(entry: Entry) -> bool:
    return entry.frame is None and "seq" in entry.message and entry.type != "session.resumed"


def _between(begin: Sequence[Entry], end: Sequence[Entry]) -> float:
    return (end[0].at_ns - begin[0].at_ns) / NS_PER_MS if begin and end else NEVER


def _sound(recording: Recording) -> tuple[float, float, float]:
    """Lost, played twice, and silent in between, in ms."""
    lost = doubled = silent = 0
    segments = recording.loudspeaker.segments
    for before, after in pairwise(segments):
        step = after.position - (before.position + len(before.samples))
        lost, doubled = lost + max(0, step), doubled + max(0, -step)
        silent += after.start - before.end
    per_ms = recording.loudspeaker.rate_hz / 1000
    return lost / per_ms, doubled / per_ms, silent / per_ms


def _ending(done: Entry) -> tuple[str, str, str]:
    return done.message["status"], done.message["text"], done.message["heard"]


def numbers_of(cycles: Sequence[Cycle]) -> list[Number]:
    """What many cycles come down to."""
    none = Goal(at_most=0)
    return [
        Number(
            "resumed", "session.resumed, after the new connection", _spread(cycles, lambda c: c.resumed_ms)
        ),
        Number(
            "restored",
            "first sound of the rest, after the new connection",
            _spread(cycles, lambda c: c.audio_ms),
            Goal(p50=300, p95=300),
        ),
        Number("away", "without a connection", _spread(cycles, lambda c: c.away_ms)),
        Number("silence", "silence heard in the sentence", _spread(cycles, lambda c: c.silence_ms)),
        Number("lost_messages", "messages lost", sum(c.lost_messages for c in cycles), none),
        Number("doubled_messages", "messages twice", sum(c.doubled_messages for c in cycles), none),
        Number("lost_sound", "sound lost (ms)", round(sum(c.lost_ms for c in cycles)), none),
        Number("doubled_sound", "sound twice (ms)", round(sum(c.doubled_ms for c in cycles)), none),
        Number(
            "text_kept",
            "said to the end, as it was meant",
            Share.where(c.text_kept for c in cycles),
            Goal(at_least=1.0),
        ),
        Number("failed", "sessions lost", sum(c.error is not None for c in cycles), none),
    ]


def _spread(cycles: Sequence[Cycle], time: Callable[[Cycle], float]) -> Distribution | None:
    return Distribution.of(time(cycle) for cycle in cycles)
