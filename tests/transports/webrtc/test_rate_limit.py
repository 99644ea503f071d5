"""A few at once, so many a minute, each address for itself."""

from __future__ import annotations

from voice_server.transports.webrtc.rate_limit import ADDRESS_LIMIT, RateLimit


def test_a_burst_is_let_in_and_then_one_every_so_often() -> None:
    limit = RateLimit(per_minute=60, burst=3)
    assert [limit.retry_after_ms("a", 0) for _ in range(4)] == [0, 0, 0, 1_001]
    assert limit.retry_after_ms("a", 500) == 501
    assert limit.retry_after_ms("a", 1_001) == 0
    assert limit.retry_after_ms("a", 1_002) > 0


def test_fifty_a_second_are_mostly_refused() -> None:
    limit = RateLimit(per_minute=60, burst=10)
    let_in = [limit.retry_after_ms("a", ms) == 0 for ms in range(0, 10_000, 20)]
    assert 18 <= sum(let_in) <= 20, "ten at once, and one a second"


def test_one_address_takes_nothing_from_another() -> None:
    limit = RateLimit(per_minute=60, burst=1)
    assert [limit.retry_after_ms(name, 0) == 0 for name in ("a", "a", "b")] == [True, False, True]


def test_a_bucket_holds_no_more_than_the_burst() -> None:
    limit = RateLimit(per_minute=60, burst=2)
    limit.retry_after_ms("a", 0)
    assert [limit.retry_after_ms("a", 3_600_000) == 0 for _ in range(3)] == [True, True, False]


def test_the_table_of_addresses_is_bounded() -> None:
    limit = RateLimit(per_minute=60, burst=1)
    for number in range(ADDRESS_LIMIT + 10):
        limit.retry_after_ms(f"address {number}", 0)
    assert len(limit._buckets) == ADDRESS_LIMIT
