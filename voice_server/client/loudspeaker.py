"""A loudspeaker that nobody hears: which sample of which response sounds at which sample of time.

Pure: every call is given `now`, the sample of the timeline that sounds next (time zero is where the
microphone began). It plays what arrives from the moment it arrives, one piece after the other; when it runs
dry there is silence. On a stop it drops what has not sounded yet of that response.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import samples_to_ms
from voice_server.client.wire import AudioFrame


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive samples of one response on the timeline."""

    start: int
    """The sample of the timeline at which the first of them sounds."""
    response: int
    position: int
    """Index of the first of them within the response."""
    samples: Pcm

    @property
    def end(self) -> int:
        """The first sample of the timeline after it."""
        return self.start + len(self.samples)


class Loudspeaker:
    """The virtual loudspeaker of one session."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.segments: list[Segment] = []
        self.dropped_frames = 0
        """Frames of a stopped response, or that arrived after its end: never played."""
        self.underrun_samples = 0
        """Silence within a response that nobody ordered: its audio came too late."""
        self._stopped: set[int] = set()
        self._written: dict[int, int] = {}  # by response: the position after the last sample that came
        self._dry: int | None = None  # the response whose audio must go on without a hole

    def receive(self, frame: AudioFrame, now: int) -> None:
        """Play this frame once what is queued has sounded. What came before is not played again."""
        if frame.response in self._stopped:
            self.dropped_frames += 1
            return
        known = max(0, self._written.get(frame.response, 0) - frame.position)
        position, samples = frame.position + known, frame.samples[known:]
        if len(samples):
            start = max(now, self.free_at())
            if self._dry == frame.response:
                self.underrun_samples += start - self.free_at()
            self._dry = frame.response
            self.segments.append(Segment(start, frame.response, position, samples))
            self._written[frame.response] = position + len(samples)
        if frame.last:
            self._dry = None

    def stop(self, response: int, now: int) -> None:
        """Drop what has not sounded yet of this response. Other responses move up."""
        self._stopped.add(response)
        self._dry = None if self._dry == response else self._dry
        queued = [s for s in self.segments if s.end > now]
        self.segments = [s for s in self.segments if s.end <= now]
        for segment in queued:
            self._requeue(segment, response, now)

    def resume(self, response: int) -> None:
        """The stop was a false alarm: play what comes of this response, also what came before."""
        self._stopped.discard(response)
        self._written.pop(response, None)

    def free_at(self) -> int:
        """The first sample of time for which nothing is queued."""
        return self.segments[-1].end if self.segments else 0

    def sounding(self, now: int) -> int | None:
        """The response that sounds now, or None."""
        segment = self._last_begun(now)
        return segment.response if segment and segment.end > now else None

    def played_ms(self, response: int, now: int) -> int:
        """How far into this response the playhead is, in whole ms."""
        segment = self._last_begun(now, response)
        if segment is None:
            return 0
        return samples_to_ms(segment.position + min(now - segment.start, len(segment.samples)), self.rate_hz)

    def playhead(self, now: int) -> tuple[int, int] | None:
        """The response that sounds, or sounded last, and how far it is, in ms. None before the first."""
        segment = self._last_begun(now)
        return (segment.response, self.played_ms(segment.response, now)) if segment else None

    def render(self, until: int, begin: int = 0) -> Pcm:
        """The timeline as sound: sample k is what sounds at time `begin + k`, silence included."""
        sound = np.zeros(until - begin, dtype=np.int16)
        for segment in self.segments:
            first, end = max(begin, segment.start), min(until, segment.end)
            if first < end:
                piece = segment.samples[first - segment.start : end - segment.start]
                sound[first - begin : end - begin] = piece
        return sound

    def forget(self, before: int) -> None:
        """Drop what sounded before; the last segment stays, for `played_ms`."""
        self.segments = [s for s in self.segments[:-1] if s.end > before] + self.segments[-1:]

    def _requeue(self, segment: Segment, stopped: int, now: int) -> None:
        """Put back what may still sound of a segment that was in the queue at a stop."""
        if segment.response == stopped:
            begun = segment.samples[: max(0, now - segment.start)]
            if len(begun):
                self.segments.append(replace(segment, samples=begun))
        else:
            start = segment.start if segment.start <= now else max(now, self.free_at())
            self.segments.append(replace(segment, start=start))

    def _last_begun(self, now: int, response: int | None = None) -> Segment | None:
        for segment in reversed(self.segments):
            if segment.start <= now and response in (None, segment.response):
                return segment
        return None
