"""Packets of one RTP stream, put in order.

Nobody listens to what comes out in real time: it goes to the VAD and the transcriber, for which sooner is
better. So nothing that comes in order waits. Only a gap holds up what follows it, and not longer than
packets have lately been late; then the gap is given up, and its length is known from the timestamps.
"""

from __future__ import annotations

from dataclasses import dataclass

SEQUENCES, TIMESTAMPS = 1 << 16, 1 << 32

MIN_PATIENCE_MS, MAX_PATIENCE_MS = 100, 240
"""At the least, what was lost can be asked for and sent again; at the most, no answer is held up for long."""
PATIENCE_PER_JITTER = 10
"""Lateness that is uniform over 40 ms has a jitter (RFC 3550) of 13 ms, and what is asked for again comes
after three such ways."""
JITTER_GAIN = 1 / 16
"""RFC 3550, section 6.4.1."""
RESTART_DISTANCE = 500
"""Sequence numbers that are so far off, ten seconds, belong to another stream: the sender began anew."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What came in one RTP packet. `timestamp` and `samples`, its length, are in units of the RTP clock."""

    sequence: int
    timestamp: int
    samples: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """So many samples of the RTP clock are missing here."""

    samples: int


class JitterBuffer:
    """One stream. `now_ms` is any clock that does not go back."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._held: dict[int, tuple[Packet, int]] = {}
        self._next: int | None = None
        self._next_timestamp = 0
        self._measured: tuple[int, int] | None = None  # the last packet's timestamp, and when it came
        self.jitter_ms = 0.0
        """Interarrival jitter as of RFC 3550."""
        self.lost = 0
        """Packets that were given up."""

    @property
    def patience_ms(self) -> float:
        """How long what follows a gap waits for it to be filled."""
        return min(max(PATIENCE_PER_JITTER * self.jitter_ms, MIN_PATIENCE_MS), MAX_PATIENCE_MS)

    def push(self, packet: Packet, now_ms: int) -> list[Packet | Gap]:
        """A packet arrived. What can be heard now, in order; a late or repeated one is dropped."""
        if self._next is None or self._is_far_off(packet):
            self._begin(packet)
        else:
            self._measure(packet, now_ms)
        sequence = self._unwrapped(packet.sequence)
        if self._next is not None and sequence >= self._next:
            self._held.setdefault(sequence, (packet, now_ms))
        return self.due(now_ms)

    def due(self, now_ms: int) -> list[Packet | Gap]:
        """What can be heard by now, in order: also to be asked when nothing arrives."""
        heard: list[Packet | Gap] = []
        while self._held and self._next is not None:
            first = min(self._held)
            packet, arrived_ms = self._held[first]
            if first > self._next and now_ms - arrived_ms < self.patience_ms:
                break
            del self._held[first]
            self.lost += first - self._next
            heard += self._after_what_is_missing(packet)
            self._next = first + 1
        return heard

    def _after_what_is_missing(self, packet: Packet) -> list[Packet | Gap]:
        """Also where no packet is missing: a sender may pause while nobody speaks (RFC 7587, 3.1.3)."""
        missing = (packet.timestamp - self._next_timestamp) % TIMESTAMPS
        self._next_timestamp = (packet.timestamp + packet.samples) % TIMESTAMPS
        return [Gap(missing), packet] if 0 < missing < TIMESTAMPS // 2 else [packet]

    def _begin(self, packet: Packet) -> None:
        self._held.clear()
        self._next, self._next_timestamp = packet.sequence, packet.timestamp
        self._measured = None

    def _unwrapped(self, sequence: int) -> int:
        """The number without its wrapping around, as near to the next as can be."""
        expected = self._next or 0
        return expected + (sequence - expected + SEQUENCES // 2) % SEQUENCES - SEQUENCES // 2

    def _is_far_off(self, packet: Packet) -> bool:
        return abs(self._unwrapped(packet.sequence) - (self._next or 0)) > RESTART_DISTANCE

    def _measure(self, packet: Packet, now_ms: int) -> None:
        if self._measured is not None:
            timestamp, arrived_ms = self._measured
            apart = (packet.timestamp - timestamp + TIMESTAMPS // 2) % TIMESTAMPS - TIMESTAMPS // 2
            later_ms = now_ms - arrived_ms - apart * 1000 / self._rate_hz
            self.jitter_ms += JITTER_GAIN * (abs(later_ms) - self.jitter_ms)
        self._measured = packet.timestamp, now_ms
