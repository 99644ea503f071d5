"""Round trips and the client's clock, over a line that delays one way, the other, or neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from voice_server.ports import Ponged
from voice_server.runtime.peer_clock import ASKED, EXCHANGES, PeerClock, RoundTrip

AHEAD_MS = 5_000_000
"""The client's clock less ours."""
delays_ms = some.integers(0, 3_000)


def exchange(peer: PeerClock, at_ms: int, there_ms: int, back_ms: int) -> RoundTrip | None:
    """A ping at this time, so long on its way there and back."""
    peer.asked(at_ms)
    pong = Ponged(at_ms, at_ms + there_ms + AHEAD_MS)
    return peer.answered(pong, at_ms + there_ms + back_ms)


def test_where_both_ways_are_alike_the_offset_is_exact() -> None:
    assert exchange(PeerClock(), 10_000, 40, 40) == RoundTrip(80, AHEAD_MS)


@given(some.lists(some.tuples(delays_ms, delays_ms), min_size=1, max_size=3 * EXCHANGES))
def test_of_the_last_exchanges_the_quickest_is_believed_and_errs_by_half_its_time(
    delays: list[tuple[int, int]],
) -> None:
    peer = PeerClock()
    for turn, (there_ms, back_ms) in enumerate(delays, start=1):
        exchange(peer, 10_000 * turn, there_ms, back_ms)
    best = peer.best
    assert best
    assert best.rtt_ms == min(there_ms + back_ms for there_ms, back_ms in delays[-EXCHANGES:])
    assert best.offset_ms is not None
    assert abs(best.offset_ms - AHEAD_MS) <= best.rtt_ms / 2 + 0.5


def test_a_client_that_does_not_tell_its_time_has_a_distance_and_no_offset() -> None:
    peer = PeerClock()
    peer.asked(100)
    assert peer.answered(Ponged(100), 130) == RoundTrip(30)
    assert peer.best == RoundTrip(30)


@pytest.mark.parametrize("t", [99, 100.5, 1e300, -100])
def test_a_pong_to_nothing_tells_nothing(t: float) -> None:
    peer = PeerClock()
    peer.asked(100)
    assert peer.answered(Ponged(t, 5), 130) is None
    assert peer.best is None


def test_a_pong_counts_once_and_one_to_a_ping_of_long_ago_not_at_all() -> None:
    peer = PeerClock()
    for at_ms in range(ASKED + 1):
        peer.asked(at_ms)
    assert peer.answered(Ponged(0), 1_000) is None
    assert peer.answered(Ponged(1), 1_000) == RoundTrip(999)
    assert peer.answered(Ponged(1), 1_000) is None
