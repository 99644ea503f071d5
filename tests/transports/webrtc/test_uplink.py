"""Packets become sound: nothing waits that need not, nothing is missing, and time goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.transports.webrtc.opus import FRAME_SAMPLES, Encoder
from voice_server.transports.webrtc.uplink import STALL_MS, Uplink


@dataclass(frozen=True)
class Rtp:
    """As aiortc's."""

    sequence_number: int
    timestamp: int
    payload: bytes


@dataclass
class Line:
    """An uplink, the clock that it looks at, and what was heard over it."""

    now_ms: int = 0
    heard: list[Pcm] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.uplink = Uplink(lambda pcm: self.heard.append(from_bytes(pcm)), lambda: self.now_ms)
        self._encoder = Encoder()
        at = np.arange(FRAME_SAMPLES) / 48_000
        self._tone = (8_000 * np.sin(2 * np.pi * 200 * at)).astype(np.int16)  # whole periods: frames fit

    def say(self, *numbers: int, at_ms: int | None = None) -> None:
        """Frames of a tone arrive."""
        for number in numbers:
            self.now_ms = number * 20 if at_ms is None else at_ms
            payload = self._encoder.encode(self._tone)
            self.uplink.receive(Rtp(number, number * FRAME_SAMPLES, payload))

    def wait(self, ms: int) -> None:
        """Time passes; nothing arrives."""
        for _ in range(ms // 20):
            self.now_ms += 20
            self.uplink.tick()

    @property
    def samples(self) -> int:
        return sum(len(piece) for piece in self.heard)


@pytest.fixture
def line() -> Line:
    return Line()


def test_what_comes_in_order_is_heard_at_once(line: Line) -> None:
    for number in range(10):
        line.say(number)
        assert line.samples == (number + 1) * FRAME_SAMPLES


def test_what_is_lost_is_made_up(line: Line) -> None:
    line.say(*range(10), *range(11, 20))
    line.wait(100)
    assert line.uplink.lost == 1
    assert line.samples == 20 * FRAME_SAMPLES
    loudness = [float(np.sqrt(np.mean(piece.astype(float) ** 2))) for piece in line.heard]
    assert loudness[10] > 0.5 * loudness[9]


def test_what_is_late_is_waited_for(line: Line) -> None:
    line.say(0, 1, 2)
    line.say(4, at_ms=80)
    line.say(3, at_ms=90)
    assert (line.samples, line.uplink.lost) == (5 * FRAME_SAMPLES, 0)


def test_before_anything_came_time_does_not_pass(line: Line) -> None:
    line.wait(1_000)
    assert line.heard == []


def test_where_nothing_comes_silence_keeps_the_time(line: Line) -> None:
    line.say(*range(10))
    line.wait(STALL_MS - 20)
    assert line.samples == 10 * FRAME_SAMPLES
    line.wait(1_000)
    assert line.samples == (10 + 50) * FRAME_SAMPLES
    assert not line.heard[-1].any()
    line.wait(60_000)
    assert line.samples == (10 + 240) * FRAME_SAMPLES, "a client that is gone is missed in the end"


def test_silence_that_stood_in_for_what_was_lost_is_counted_against_it(line: Line) -> None:
    line.say(*range(10))
    line.wait(600)  # 200 ms of patience, then 21 frames
    line.say(50, at_ms=1_000)
    line.wait(100)
    assert line.samples == 51 * FRAME_SAMPLES, "as much as was sent"


def test_what_was_only_late_is_heard_all_and_stands_for_no_later_loss(line: Line) -> None:
    line.say(*range(10))
    line.wait(400)
    line.say(*range(10, 30), at_ms=600)
    assert line.samples == (30 + 11) * FRAME_SAMPLES, "and 11 frames of silence"
    line.say(*range(31, 50))
    assert line.uplink.lost == 1
    assert line.samples == (50 + 11) * FRAME_SAMPLES


def test_what_is_no_opus_is_dropped_or_silent_and_the_voice_goes_on(line: Line) -> None:
    line.say(0)
    line.uplink.receive(Rtp(1, FRAME_SAMPLES, b""))
    line.uplink.receive(Rtp(1, FRAME_SAMPLES, b"\xff\x00\x01"))
    line.say(2)
    line.wait(100)
    assert line.samples >= 3 * FRAME_SAMPLES
    assert line.heard[-1].any()


def test_a_very_long_pause_is_cut(line: Line) -> None:
    line.say(0)
    line.now_ms = 3_600_000
    line.uplink.receive(Rtp(1, 3_600 * 48_000, Encoder().encode(np.zeros(FRAME_SAMPLES, np.int16))))
    assert line.samples == (2 + 50) * FRAME_SAMPLES
