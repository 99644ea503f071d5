"""A microphone that plays a track in real time.

Frame i leaves when its last sample has sounded: `(i + 1) * 20` ms after the start, each counted from the
start and not from the frame before, so that nothing drifts; frames that are late leave at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import FRAME_MS
from voice_server.client.clock import NS_PER_MS, Clock, to_samples
from voice_server.client.track import Track

Send = Callable[[Pcm], Awaitable[object]]


class Microphone:
    """Sends the frames of `track` until it is cancelled, and keeps what was sent."""

    def __init__(self, track: Track, clock: Clock, send: Send) -> None:
        self.track = track
        self.start_ns = clock.now_ns()
        self.lateness_ms: list[float] = []
        """Per frame: how long after its moment it was handed to the connection."""
        self._clock = clock
        self._send = send
        self._sent: list[Pcm] = []

    async def run(self) -> None:
        """Play, for ever. Whatever `send` raises ends it."""
        while True:
            due_ns = self.start_ns + (len(self._sent) + 1) * FRAME_MS * NS_PER_MS
            await self._clock.sleep_until(due_ns)
            frame = self.track.frame(len(self._sent))
            self._sent.append(frame)
            await self._send(frame)
            self.lateness_ms.append((self._clock.now_ns() - due_ns) / NS_PER_MS)

    def next_sample(self) -> int:
        """The first sample that can still be changed: it neither left nor sounded."""
        sounded = to_samples(self._clock.now_ns() - self.start_ns, self.track.rate_hz)
        return max(sounded, len(self._sent) * self.track.frame_samples)

    def recording(self) -> Pcm:
        """All that has left, at the track's rate."""
        return np.concatenate(self._sent) if self._sent else np.zeros(0, np.int16)
