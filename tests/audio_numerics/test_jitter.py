"""Packets come out in order, at once where they can, and what is lost is known by its length."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.audio.jitter import MAX_PATIENCE_MS, MIN_PATIENCE_MS, Gap, JitterBuffer, Packet

RATE_HZ = 48_000
FRAME = 960


def packet(number: int, *, first: int = 0, timestamp: int = 0) -> Packet:
    """The packet of frame `number` of a stream that began with these."""
    return Packet(
        (first + number) % 2**16, (timestamp + number * FRAME) % 2**32, FRAME, bytes([number % 256])
    )


def heard(items: list[Packet | Gap]) -> list[int | str]:
    """Sequence numbers, and gaps as `"960"`."""
    return [item.sequence if isinstance(item, Packet) else str(item.samples) for item in items]


def test_what_comes_in_order_waits_for_nothing() -> None:
    buffer = JitterBuffer(RATE_HZ)
    assert [heard(buffer.push(packet(n), n * 20)) for n in range(4)] == [[0], [1], [2], [3]]


def test_what_overtook_another_waits_for_it() -> None:
    buffer = JitterBuffer(RATE_HZ)
    buffer.push(packet(0), 0)
    assert heard(buffer.push(packet(2), 20)) == []
    assert heard(buffer.push(packet(1), 30)) == [1, 2]
    assert buffer.lost == 0


def test_a_packet_that_does_not_come_is_given_up() -> None:
    buffer = JitterBuffer(RATE_HZ)
    buffer.push(packet(0), 0)
    assert heard(buffer.push(packet(3), 60)) == []
    assert heard(buffer.due(60 + MIN_PATIENCE_MS - 1)) == []
    assert heard(buffer.due(60 + MIN_PATIENCE_MS)) == [str(2 * FRAME), 3]
    assert buffer.lost == 2


def test_what_comes_after_it_was_given_up_is_dropped() -> None:
    buffer = JitterBuffer(RATE_HZ)
    buffer.push(packet(0), 0)
    buffer.push(packet(2), 40)
    buffer.due(300)
    assert heard(buffer.push(packet(1), 310)) == []
    assert heard(buffer.push(packet(3), 320)) == [3]


def test_a_repeated_packet_is_heard_once() -> None:
    buffer = JitterBuffer(RATE_HZ)
    assert heard(buffer.push(packet(0), 0) + buffer.push(packet(0), 1) + buffer.push(packet(1), 20)) == [0, 1]


def test_a_pause_of_the_sender_is_a_gap_without_a_loss() -> None:
    buffer = JitterBuffer(RATE_HZ)
    buffer.push(packet(0), 0)
    resumed = Packet(1, 20 * FRAME, FRAME, b"")
    assert buffer.push(resumed, 400) == [Gap(19 * FRAME), resumed]
    assert buffer.lost == 0


@pytest.mark.parametrize(("first", "timestamp"), [(65_534, 0), (0, 2**32 - FRAME), (65_535, 2**32 - 1)])
def test_numbers_that_wrap_around_go_on(first: int, timestamp: int) -> None:
    buffer = JitterBuffer(RATE_HZ)
    sent = [packet(n, first=first, timestamp=timestamp) for n in range(4)]
    assert [buffer.push(p, n * 20) for n, p in enumerate(sent)] == [[p] for p in sent]


def test_a_time_stamp_that_wraps_around_is_no_jitter() -> None:
    buffer = JitterBuffer(RATE_HZ)
    for n in range(8):
        buffer.push(packet(n, timestamp=2**32 - 4 * FRAME), n * 20)
    assert buffer.jitter_ms == 0


def test_a_stream_that_begins_anew_is_followed() -> None:
    buffer = JitterBuffer(RATE_HZ)
    buffer.push(packet(0), 0)
    again = packet(0, first=30_000, timestamp=123_456)
    assert buffer.push(again, 20) == [again]
    assert buffer.lost == 0


def test_a_first_packet_that_was_overtaken_is_dropped_and_harms_nothing() -> None:
    buffer = JitterBuffer(RATE_HZ)
    assert heard(buffer.push(packet(1), 0) + buffer.push(packet(0), 5) + buffer.push(packet(2), 20)) == [1, 2]


def test_patience_grows_with_the_jitter_and_has_a_limit() -> None:
    calm, shaken, broken = JitterBuffer(RATE_HZ), JitterBuffer(RATE_HZ), JitterBuffer(RATE_HZ)
    chance = random.Random(1)
    for n in range(300):
        calm.push(packet(n), n * 20)
        shaken.push(packet(n), n * 20 + chance.randrange(40))
        broken.push(packet(n), n * 20 + chance.randrange(400))
    assert calm.patience_ms == MIN_PATIENCE_MS
    assert 10 < shaken.jitter_ms < 17, "of uniform lateness up to 40 ms, the mean difference is 13"
    assert MIN_PATIENCE_MS < shaken.patience_ms < MAX_PATIENCE_MS
    assert broken.patience_ms == MAX_PATIENCE_MS


@given(
    delays=st.lists(st.one_of(st.none(), st.integers(0, 300)), min_size=1, max_size=60),
    first=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
)
def test_whatever_the_network_does_time_passes_as_it_was_sent(
    delays: list[int | None], first: int, timestamp: int
) -> None:
    """Each packet is delayed so many ms, or lost. Order holds, and gaps make up for all that is missing."""
    buffer = JitterBuffer(RATE_HZ)
    arrivals = sorted((n * 20 + delay, n) for n, delay in enumerate(delays) if delay is not None)
    out = [
        item
        for at_ms, n in arrivals
        for item in buffer.push(packet(n, first=first, timestamp=timestamp), at_ms)
    ]
    out += buffer.due(100_000)
    packets = [item for item in out if isinstance(item, Packet)]
    if packets:
        begin = (packets[0].sequence - first) % 2**16
        total = sum(item.samples for item in out)
        end = (packets[-1].sequence - first) % 2**16
        assert total == (end - begin + 1) * FRAME
        assert [p.timestamp for p in packets] == sorted(
            (p.timestamp for p in packets), key=lambda t: (t - timestamp) % 2**32
        )
