"""From the session's frames to RTP: a queue, and a track that takes 20 ms from it every 20 ms.

Silence is sent where there is nothing to say, so that the receiver's jitter buffer never waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av.packet import Packet

from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.audio.rates import FRAME_MS
from voice_server.ports import AudioFrame
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.opus import FRAME_SAMPLES, SILENCE, TIME_BASE, Encoder

QUEUE_LIMIT = RATE_HZ
"""Samples that may wait: a second, more than any session's lead. Who sends more waits."""
TAIL_FRAMES = 5
"""Frames of silence that are still encoded after speech: the codec's filters ring on."""
MAX_LATE_S = 0.1
"""A loop that was held up longer than this leaves out what it missed."""
FRAME_S = FRAME_MS / 1000


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a response has been put on the wire, in samples."""

    response: int
    position: int
    start: int
    """Where the packet began, had all of it been of this response."""


class PlayQueue:
    """Audio of responses that waits for its time."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, int, Pcm]] = deque()  # response, position, samples
        self.samples = 0

    def put(self, frame: AudioFrame) -> None:
        """At the end of the queue."""
        if frame.pcm:
            self._pieces.append((frame.response, frame.position, from_bytes(frame.pcm)))
            self.samples += len(frame.pcm) // 2

    def take(self, count: int) -> tuple[Pcm, Sent | None]:
        """The next samples, shape (count,), silence where there are none, and how far that is."""
        taken, filled, sent = np.zeros(count, np.int16), 0, None
        while self._pieces and filled < count:
            response, position, samples = self._pieces.popleft()
            now, later = samples[: count - filled], samples[count - filled :]
            taken[filled : filled + len(now)] = now
            filled += len(now)
            sent = Sent(response, position + len(now), position + len(now) - filled)
            if len(later):
                self._pieces.appendleft((response, position + len(now), later))
        self.samples -= filled
        return taken, sent

    def clear(self) -> None:
        """Forget what waits."""
        self._pieces.clear()
        self.samples = 0


class Downlink(MediaStreamTrack):
    """One call's outgoing track. `ticked` is called every 20 ms with what has just been sent, if anything."""

    kind = "audio"

    def __init__(self, ticked: Callable[[Sent | None], None]) -> None:
        super().__init__()
        self._ticked = ticked
        self._queue = PlayQueue()
        self._encoder = Encoder()
        self._room = asyncio.Event()
        self._frame = 0
        self._start_s: float | None = None
        self._silent_frames = TAIL_FRAMES
        self.clock = 0
        """The time stamp of the packet that was asked for last, in samples since the track began."""

    async def put(self, frame: AudioFrame) -> None:
        """Have it sent in its turn; waits while the queue is full. Raises ConnectionError when it is over."""
        while self._queue.samples >= QUEUE_LIMIT and self.readyState == "live":
            self._room.clear()
            await self._room.wait()
        if self.readyState != "live":
            raise ConnectionError("the call is over")
        self._queue.put(frame)

    def flush(self) -> None:
        """Nothing of what waits will be sent."""
        self._queue.clear()
        self._room.set()

    def stop(self) -> None:
        """The call is over."""
        super().stop()
        self._room.set()

    async def recv(self) -> Packet[Any]:
        """The next packet, when it is time. For aiortc, that sends it."""
        await self._until_due()
        if self.readyState != "live":
            raise MediaStreamError
        samples, sent = self.take(FRAME_SAMPLES)
        packet: Packet[Any] = Packet(self._encoded(samples, sent is not None))
        self.clock = self._frame * FRAME_SAMPLES
        packet.pts, packet.time_base = self.clock, TIME_BASE
        self._frame += 1
        self._ticked(sent)
        return packet

    def take(self, count: int) -> tuple[Pcm, Sent | None]:
        """The next samples, as `PlayQueue.take`: for who sends them."""
        taken = self._queue.take(count)
        self._room.set()
        return taken

    def _encoded(self, samples: Pcm, speaks: bool) -> bytes:
        self._silent_frames = 0 if speaks else self._silent_frames + 1
        return SILENCE if self._silent_frames > TAIL_FRAMES else self._encoder.encode(samples)

    async def _until_due(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._start_s is None:
            self._start_s = now_s
        late_s = now_s - (self._start_s + self._frame * FRAME_S)
        if late_s < 0:
            await asyncio.sleep(-late_s)
        elif late_s > MAX_LATE_S:
            self._frame += int(late_s / FRAME_S)
