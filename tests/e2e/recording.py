"""What the page played: the sound, and when messages arrived on the sound's clock."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from voice_server.audio.pcm import Pcm

AUDIBLE = 33  # of 32 768: -60 dBFS


@dataclass(frozen=True, slots=True)
class Mark:
    """A message of the server, and when it reached the page, in s of the audio context."""

    type: str
    response: int | None
    reason: str | None
    time_s: float


class Recording:
    """Samples at `rate_hz`, from `start_s` of the audio context on."""

    def __init__(self, taken: dict[str, Any]) -> None:
        self.rate_hz = int(taken["rate"])
        self.latency_s = float(taken["latency"])
        self.marks = [Mark(m["type"], m.get("response"), m.get("reason"), m["time"]) for m in taken["marks"]]
        blocks = taken["blocks"]
        self.start_s = float(blocks[0][0])
        pieces = [
            (time_s, np.frombuffer(base64.b64decode(samples), dtype="<i2")) for time_s, samples in blocks
        ]
        last_s, last = pieces[-1]
        self.samples: Pcm = np.zeros(self._index(last_s) + len(last), dtype=np.int16)
        for time_s, piece in pieces:  # a busy machine skips some: they were not heard
            at = self._index(time_s)
            self.samples[at : at + len(piece)] = piece

    def mark(self, kind: str, response: int | None = None) -> Mark:
        """The first message of this type about this response; raises StopIteration."""
        return next(mark for mark in self.marks if (mark.type, mark.response) == (kind, response))

    def between(self, start_s: float, end_s: float) -> Pcm:
        """The samples of this time."""
        return self.samples[self._index(start_s) : self._index(end_s)]

    def silent_after_s(self, time_s: float, until_s: float) -> float:
        """How long after `time_s` the last audible sample before `until_s` left the loudspeaker."""
        audible = np.flatnonzero(np.abs(self.between(time_s, until_s)) >= AUDIBLE)
        return float(audible[-1] + 1) / self.rate_hz + self.latency_s if len(audible) else 0.0

    def _index(self, time_s: float) -> int:
        return max(0, round((time_s - self.start_s) * self.rate_hz))
