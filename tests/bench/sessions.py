"""Sessions made of numbers, to measure. Not collected: it has no tests."""

from __future__ import annotations

import numpy as np

from voice_server.bench.clips import Clip
from voice_server.bench.levels import Span
from voice_server.client.call import Recording
from voice_server.client.clock import NS_PER_MS
from voice_server.client.log import Entry, Log
from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.wire import AudioFrame

RATE_HZ = 1000
"""A sample is a millisecond."""


class Session:
    """Say what happened when; `recording()` is what a client would have kept."""

    def __init__(self) -> None:
        self.log = Log(zero_ns=0)
        self.loudspeaker = Loudspeaker(RATE_HZ)

    def says(self, now_ms: int, type_: str, **fields: object) -> Session:
        """A message arrives."""
        self.log.add(Entry(now_ms * NS_PER_MS, True, {"type": type_, **fields}))
        if type_ == "response.stop":
            self.loudspeaker.stop(int(str(fields["response"])), now_ms)
        if type_ == "response.resume":
            self.loudspeaker.resume(int(str(fields["response"])))
        return self

    def plays(
        self, now_ms: int, samples: int, *, response: int = 1, position: int = 0, quiet: int = 0
    ) -> Session:
        """Audio arrives, all at once; its first `quiet` samples cannot be heard."""
        sound = np.full(samples, 9_000, np.int16)
        sound[:quiet] = 3
        frame = AudioFrame(response, position, sound)
        message = {"type": "audio", "response": response, "position": position, "samples": samples}
        self.log.add(Entry(now_ms * NS_PER_MS, True, message, frame))
        self.loudspeaker.receive(frame, now_ms)
        return self

    def recording(self, end_ms: float = 60_000.0) -> Recording:
        """The session so far."""
        return Recording(self.log, self.loudspeaker, np.zeros(0, np.int16), 16_000, end_ms, {})


def clip(
    *speech_ms: Span, transcript: str | None = "hello there", energy_end_ms: float | None = None
) -> Clip:
    """A clip with this truth, and no sound."""
    end_ms = speech_ms[-1][1] if energy_end_ms is None else energy_end_ms
    return Clip("test/clip", "speech", np.zeros(0, np.int16), transcript, speech_ms, end_ms)
