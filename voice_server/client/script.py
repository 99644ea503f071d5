"""What happens in a session besides sound: who speaks into the microphone when, and when it is over.

A script sees the scene every 20 ms and answers with actions. It is pure: the same scenes give the same
actions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from voice_server.audio.pcm import Pcm, first_audible
from voice_server.audio.rates import ms_to_samples
from voice_server.client.log import Entry, Log
from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.track import Track


@dataclass(frozen=True, slots=True)
class Send:
    """Send one message."""

    type: str
    fields: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Speak:
    """Mix a recording into the microphone, its first sample at `at_ms`, or as soon as can be."""

    samples: Pcm
    at_ms: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """The session is over."""


Action = Send | Speak | HangUp


@dataclass(frozen=True, slots=True)
class Scene:
    """The session so far. Times are ms from the microphone's beginning."""

    now_ms: float
    log: Log
    loudspeaker: Loudspeaker
    track: Track

    @property
    def sound_end_ms(self) -> float:
        """When the last recording in the microphone ends, or ended."""
        return self.track.end * 1000 / self.track.rate_hz

    @property
    def playing(self) -> bool:
        """Whether audio of a response sounds or is queued."""
        return self.loudspeaker.free_at() > self.heard_samples

    @property
    def heard_samples(self) -> int:
        """How many samples of the loudspeaker's time have passed."""
        return int(self.now_ms * self.loudspeaker.rate_hz / 1000)

    def audible_at_ms(self, from_ms: float = 0.0) -> float | None:
        """When a response was first audible (-40 dBFS) at `from_ms` or later; None before that."""
        begun: set[int] = set()
        for segment in self.loudspeaker.segments:
            index = None if segment.response in begun else first_audible(segment.samples)
            if index is None:
                continue
            begun.add(segment.response)
            at_ms = (segment.start + index) * 1000 / self.loudspeaker.rate_hz
            if at_ms >= from_ms:
                return at_ms if at_ms <= self.now_ms else None
        return None

    def last_ms(self, *types: str) -> float | None:
        """When the last message of these types came."""
        latest = [self.log.time_ms(entries[-1]) for kind in types if (entries := self.log.received(kind))]
        return max(latest, default=None)

    def open_responses(self) -> set[int]:
        """Responses that began and are not done."""
        return _responses(self.log.received("response.started")) - _responses(
            self.log.received("response.done")
        )


class Script(Protocol):
    """Directs one session."""

    def act(self, scene: Scene) -> Iterable[Action]:
        """What to do now."""


@dataclass(slots=True)
class BargeIn:
    """Speak over the answer: at `at_ms` from the beginning, or so long after the answer was first audible."""

    samples: Pcm
    at_ms: float
    after_answer: bool = False
    done: bool = False

    def act(self, scene: Scene) -> Iterable[Action]:
        if self.done:
            return
        origin_ms = scene.audible_at_ms() if self.after_answer else 0.0
        if origin_ms is None:
            return
        self.done = True
        yield Speak(self.samples, origin_ms + self.at_ms)


@dataclass(slots=True)
class UntilAnswered:
    """Speak, wait for the answer to be heard to its end, and for quiet after it.

    Gives up when nothing has been answered `patience_ms` after the sound ended.
    """

    barge_in: BargeIn | None = None
    idle_ms: float = 1_500
    patience_ms: float = 15_000
    opening: tuple[Action, ...] = ()

    def act(self, scene: Scene) -> Iterable[Action]:
        yield from self.opening
        self.opening = ()
        if self.barge_in:
            yield from self.barge_in.act(scene)
        if self._over(scene):
            yield HangUp()

    def _over(self, scene: Scene) -> bool:
        quiet_since_ms = max(
            scene.sound_end_ms,
            scene.loudspeaker.free_at() * 1000 / scene.loudspeaker.rate_hz,
            scene.last_ms("response.done", "speech.stopped", "transcript.final") or 0.0,
        )
        if scene.open_responses() or scene.now_ms < quiet_since_ms + self.idle_ms:
            return False
        return self._answered(scene) or scene.now_ms >= quiet_since_ms + self.patience_ms

    def _answered(self, scene: Scene) -> bool:
        if self.barge_in and not self.barge_in.done and not self.barge_in.after_answer:
            return False
        done_ms = scene.last_ms("response.done")
        return done_ms is not None and done_ms > (scene.last_ms("speech.stopped") or 0.0)


def _responses(entries: Iterable[Entry]) -> set[int]:
    return {int(entry.message["response"]) for entry in entries}


def start_sample(action: Speak, track: Track, earliest: int) -> int:
    """Where on the track a `Speak` begins."""
    return max(earliest, ms_to_samples(round(action.at_ms), track.rate_hz))
