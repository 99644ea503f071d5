"""Deadlines are values."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from voice_server.core.deadlines import Deadline, Deadlines

TIMES = st.dictionaries(st.sampled_from(Deadline), st.integers(0, 100))


def test_none_at_first() -> None:
    deadlines = Deadlines()
    assert deadlines.next() is None
    assert deadlines.due(10**9) is None


def test_setting_again_moves_it() -> None:
    deadlines = Deadlines()
    deadlines.set(Deadline.SCORE, 100)
    deadlines.set(Deadline.SCORE, 300)
    assert deadlines.next() == 300
    assert deadlines.due(299) is None
    assert deadlines.due(300) is Deadline.SCORE
    assert deadlines.due(300) is None


def test_clearing_what_is_not_set_is_nothing() -> None:
    deadlines = Deadlines()
    deadlines.set(Deadline.IDLE, 5)
    deadlines.clear(Deadline.SCORE, Deadline.IDLE)
    assert not deadlines.has(Deadline.IDLE)


@given(times=TIMES, now_ms=st.integers(0, 100))
def test_each_due_one_comes_once_in_the_order_of_the_reasons(times: dict[Deadline, int], now_ms: int) -> None:
    deadlines = Deadlines()
    for reason, at_ms in times.items():
        deadlines.set(reason, at_ms)
    came = []
    while due := deadlines.due(now_ms):
        came.append(due)
    assert came == [reason for reason in Deadline if times.get(reason, now_ms + 1) <= now_ms]
    assert deadlines.next() == min((at for at in times.values() if at > now_ms), default=None)
