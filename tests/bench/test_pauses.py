from __future__ import annotations

from tests.bench.sessions import clip
from voice_server.bench.pauses import PausesOutcome, measure_pauses

SPEECH = clip((500, 2_000), (2_600, 3_000), (3_100, 4_000), (5_000, 6_000))


def test_pauses_are_the_gaps_that_are_long_enough() -> None:
    assert SPEECH.pauses_ms(200) == [(2_000, 2_600), (4_000, 5_000)]
    assert len(SPEECH.pauses_ms(100)) == 3


def test_an_answer_belongs_to_the_pause_that_began_last() -> None:
    pauses = SPEECH.pauses_ms(200)
    assert measure_pauses([], pauses, 6_000) == PausesOutcome(2, 0, 0)
    assert measure_pauses([2_300], pauses, 6_000) == PausesOutcome(2, 1, 1)
    assert measure_pauses([2_700], pauses, 6_000) == PausesOutcome(2, 1, 0)
    assert measure_pauses([2_300, 2_590, 4_100], pauses, 6_000) == PausesOutcome(2, 2, 2)


def test_an_answer_after_the_end_is_a_proper_one_and_one_before_any_pause_is_none_of_ours() -> None:
    pauses = SPEECH.pauses_ms(200)
    assert measure_pauses([700, 6_000, 6_400], pauses, 6_000) == PausesOutcome(2, 0, 0)


def test_without_pauses_nobody_can_be_cut_off() -> None:
    assert measure_pauses([700], [], 2_000) == PausesOutcome(0, 0, 0)
