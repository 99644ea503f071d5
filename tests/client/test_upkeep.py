from __future__ import annotations

import pytest

from voice_server.client.clock import NS_PER_MS
from voice_server.client.upkeep import Upkeep
from voice_server.errors import LinkError


def at(ms: int) -> int:
    return ms * NS_PER_MS


def test_acks_the_highest_seq_each_second_and_only_once() -> None:
    upkeep = Upkeep(10_000, 0)
    assert upkeep.due_ns() == at(1_000)
    assert upkeep.take(at(999), 2) == []
    assert upkeep.take(at(1_000), 2) == [{"type": "ack", "seq": 2}]
    assert upkeep.due_ns() == at(2_000)
    assert upkeep.take(at(2_000), 2) == []


def test_a_new_connection_is_acked_anew() -> None:
    upkeep = Upkeep(10_000, 0)
    upkeep.take(at(1_000), 2)
    upkeep.connected(at(5_000))
    assert upkeep.take(at(5_000), 2) == [{"type": "ack", "seq": 2}]


def test_pings_each_heartbeat() -> None:
    upkeep = Upkeep(500, 0)
    for ms in (500, 1_000, 1_500, 2_000):
        assert upkeep.take(at(ms), 0) == [{"type": "ping", "t": ms}]
        upkeep.heard(at(ms))


def test_two_heartbeats_without_a_sign_of_life_and_the_server_is_dead() -> None:
    upkeep = Upkeep(500, 0)
    upkeep.heard(at(100))
    upkeep.take(at(1_050), 0)
    assert upkeep.due_ns() == at(1_100)
    with pytest.raises(LinkError, match="nothing has come from the server for 1 s"):
        upkeep.take(at(1_100), 0)


def test_the_time_without_a_connection_counts_for_nothing() -> None:
    upkeep = Upkeep(500, 0)
    upkeep.connected(at(60_000))
    assert upkeep.take(at(60_500), 0) == [{"type": "ping", "t": 60_500}]
