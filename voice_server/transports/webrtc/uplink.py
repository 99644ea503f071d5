"""From RTP packets to sound: in order, decoded, with what was lost made up.

The sound goes to the VAD and the transcriber; a person's patience is not needed, and time must go on: where
nothing comes for a while, silence does, or a turn would never end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from voice_server.audio.jitter import Gap, JitterBuffer, Packet
from voice_server.audio.pcm import Pcm, to_bytes
from voice_server.transports.webrtc.libopus import RATE_HZ, Decoder
from voice_server.transports.webrtc.opus import FRAME_SAMPLES, length_samples

STALL_MS = 200
"""Nothing for so long: silence takes the place of what may come yet."""
LONGEST_STALL_MS = 5_000
"""And after so long no more: every turn is over by then, and a client that is gone shall be missed."""
STEP = RATE_HZ // 400
"""libopus makes up whole 2.5 ms."""
LONGEST_GAP_MS = 1_000
"""A longer pause of the sender is cut to this."""


class RtpPacket(Protocol):
    """What we need of a packet: any library's."""

    @property
    def sequence_number(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def payload(self) -> bytes: ...


class Uplink:
    """One call's incoming sound. `hear` is given s16le at 48 kHz, at most 120 ms at once."""

    def __init__(self, hear: Callable[[bytes], None], now_ms: Callable[[], int]) -> None:
        self._hear = hear
        self._now_ms = now_ms
        self._packets = JitterBuffer(RATE_HZ)
        self._decoder = Decoder()
        self._last_ms: int | None = None
        self._filled = 0  # samples of silence in the place of what had not come

    @property
    def lost(self) -> int:
        """Packets that never came, or too late."""
        return self._packets.lost

    def receive(self, packet: RtpPacket) -> None:
        """A packet arrived. What is no Opus is dropped."""
        try:
            samples = length_samples(packet.payload)
        except ValueError:
            return
        self._last_ms = self._now_ms()
        known = Packet(packet.sequence_number, packet.timestamp, samples, packet.payload)
        self._sound(self._packets.push(known, self._last_ms))

    def tick(self) -> None:
        """To be called every 20 ms: gives up what is late, and keeps time where nothing comes."""
        now_ms = self._now_ms()
        self._sound(self._packets.due(now_ms))
        if self._last_ms is not None and STALL_MS <= now_ms - self._last_ms < LONGEST_STALL_MS:
            self._filled += FRAME_SAMPLES
            self._hear(to_bytes(self._decoder.make_up(FRAME_SAMPLES)))

    def _sound(self, items: list[Packet | Gap]) -> None:
        missing = 0
        for item in items:
            if isinstance(item, Gap):
                missing = max(0, item.samples - self._filled)
            else:
                self._fill(missing, item.payload)
                self._hear(to_bytes(self._decoded(item)))
                missing = self._filled = 0

    def _fill(self, missing: int, following: bytes) -> None:
        """What was lost: the last of it from the packet that follows, the rest made up."""
        whole = min(missing // STEP, LONGEST_GAP_MS * RATE_HZ // 1000 // STEP) * STEP
        for left in range(whole, 0, -FRAME_SAMPLES):
            samples = min(left, FRAME_SAMPLES)
            last = left <= FRAME_SAMPLES
            lost = self._recovered(samples, following) if last else self._decoder.make_up(samples)
            self._hear(to_bytes(lost))

    def _recovered(self, samples: int, following: bytes) -> Pcm:
        try:
            return self._decoder.recover(samples, following)
        except ValueError:
            return self._decoder.make_up(samples)

    def _decoded(self, packet: Packet) -> Pcm:
        try:
            return self._decoder.decode(packet.payload)
        except ValueError:
            return np.zeros(packet.samples, np.int16)
