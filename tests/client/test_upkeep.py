from __future__ import annotations

import pytest

from voice_server.client.clock import NS_PER_MS
from voice_server.client.upkeep import Upkeep
from voice_server.errors import LinkError


def at(ms: int) -> int:
    return ms * NS_PER_MS


def test_acks_the_highest_seq_each_second_and_only_once() -> None:
    upkeep = Upkeep(10_000, 0)
    upkeep.received({"type": "x", "seq": 1})
    upkeep.received({"type": "x", "seq": 2})
    assert upkeep.due_ns() == at(1_000)
    assert upkeep.take(at(999)) == []
    assert upkeep.take(at(1_000)) == [{"type": "ack", "seq": 2}]
    assert upkeep.due_ns() == at(2_000)
    assert upkeep.take(at(2_000)) == []


def test_answers_a_ping_with_what_it_carried() -> None:
    assert Upkeep(10_000, 0).received({"type": "ping", "t": 77, "seq": 1}) == [{"type": "pong", "t": 77}]


def test_pings_each_heartbeat_and_gives_up_after_two_without_answer() -> None:
    upkeep = Upkeep(500, 0)
    assert upkeep.take(at(500)) == [{"type": "ping", "t": 500}]
    upkeep.received({"type": "pong", "t": 500})
    assert upkeep.take(at(1_000)) == [{"type": "ping", "t": 1_000}]
    assert upkeep.take(at(1_500)) == [{"type": "ping", "t": 1_500}]
    with pytest.raises(LinkError, match="did not answer 2 pings"):
        upkeep.take(at(2_000))
