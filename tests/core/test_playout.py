"""The playhead: integers, at every rate, without drift."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tests.core.world import placed
from voice_server.core.playout import Playout, Word

RATES_HZ = [8_000, 16_000, 22_050, 24_000, 48_000]
HOUR_MS = 3_600_000

TWO_WORDS = (Word("good", 0, 4_000), Word("morning", 4_000, 12_000))


def playing(rate_hz: int = 16_000, samples: int = 16_000, now_ms: int = 0) -> Playout:
    playout = Playout(rate_hz)
    playout.append(samples, TWO_WORDS, now_ms)
    playout.run(0, now_ms)
    return playout


def test_it_stands_still_before_it_runs() -> None:
    playout = Playout(16_000)
    playout.append(16_000, TWO_WORDS, 0)
    assert not playout.running
    assert playout.position(10_000) == 0
    assert playout.finished_at_ms() is None
    assert playout.heard(10_000) == ""


def test_it_moves_with_time_and_stops_at_the_end() -> None:
    playout = playing(now_ms=500)
    assert [playout.position(ms) for ms in (400, 500, 501, 750, 1_500, 9_000)] == [
        0,
        0,
        16,
        4_000,
        16_000,
        16_000,
    ]
    assert playout.finished_at_ms() == 1_500


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_an_hour_does_not_drift(rate_hz: int) -> None:
    playout = Playout(rate_hz)
    playout.append(2 * 3_600 * rate_hz, (), 0)
    playout.run(0, 7)
    for ms in (1, 333, 59_999, HOUR_MS - 1, HOUR_MS):
        assert playout.position(7 + ms) == ms * rate_hz // 1_000


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_reports_of_an_hour_do_not_drift(rate_hz: int) -> None:
    playout = Playout(rate_hz)
    playout.append(3_600 * rate_hz, (), 0)
    playout.run(0, 0)
    for ms in range(0, HOUR_MS, 200):
        playout.report(ms, ms + 37)
    assert playout.finished_at_ms() == HOUR_MS + 37


@given(rate_hz=st.sampled_from(RATES_HZ), samples=st.integers(1, 10**7), start_ms=st.integers(0, 10**7))
def test_all_has_sounded_when_it_is_finished_and_not_before(
    rate_hz: int, samples: int, start_ms: int
) -> None:
    playout = Playout(rate_hz)
    playout.append(samples, (), 0)
    playout.run(0, start_ms)
    finished_ms = playout.finished_at_ms()
    assert finished_ms is not None
    assert playout.position(finished_ms) == samples
    assert playout.position(finished_ms - 1) < samples


def test_when_the_audio_runs_dry_the_playhead_waits() -> None:
    playout = playing()
    playout.append(16_000, (), 5_000)
    assert playout.position(5_000) == 16_000
    assert playout.position(5_500) == 24_000
    assert playout.finished_at_ms() == 6_000


def test_audio_in_time_leaves_no_gap() -> None:
    playout = playing()
    playout.append(16_000, (), 900)
    assert playout.position(1_500) == 24_000
    assert playout.finished_at_ms() == 2_000


def test_later_words_are_placed_behind_the_earlier_ones() -> None:
    playout = playing()
    assert playout.append(8_000, (Word("all", 100, 8_000),), 0) == (Word("all", 16_100, 24_000),)


def test_a_word_is_heard_when_it_has_sounded_to_its_end() -> None:
    playout = playing()
    assert [playout.heard(ms) for ms in (249, 250, 749, 750)] == ["", "good", "good", "good morning"]


def test_a_stop_keeps_the_position_and_resuming_begins_at_the_word() -> None:
    playout = playing()
    playout.stop(400)
    assert playout.position(9_000) == 6_400
    assert playout.word_boundary(9_000) == 4_000
    playout.run(playout.word_boundary(9_000), 9_000)
    assert playout.heard(9_499) == "good"
    assert playout.heard(9_500) == "good morning"


def test_where_no_word_follows_it_goes_on_at_the_position() -> None:
    playout = playing()
    playout.stop(800)
    assert playout.word_boundary(800) == 12_800


@pytest.mark.parametrize(("report_ms", "position"), [(100, 1_600), (600, 9_600)])
def test_the_client_knows_better_whether_behind_or_ahead(report_ms: int, position: int) -> None:
    playout = playing()
    playout.report(report_ms, 400)
    assert playout.position(400) == position
    assert playout.position(410) == position + 160


def test_a_report_while_it_stands_still_moves_it_and_leaves_it_standing() -> None:
    playout = playing()
    playout.stop(600)
    playout.report(300, 700)
    assert playout.position(5_000) == 4_800
    assert playout.heard(5_000) == "good"
    assert not playout.running


@pytest.mark.parametrize(("report_ms", "position"), [(-10, 0), (1_000, 16_000), (10**12, 16_000)])
def test_a_report_never_leaves_the_audio_that_is_there(report_ms: int, position: int) -> None:
    playout = playing()
    playout.report(report_ms, 0)
    assert playout.position(0) == position


def test_running_from_beyond_the_end_begins_at_the_end() -> None:
    playout = playing()
    playout.run(99_000, 0)
    assert playout.position(0) == 16_000


@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["append", "stop", "run"]), st.integers(0, 2_000)), min_size=1, max_size=30
    ),
    rate_hz=st.sampled_from(RATES_HZ),
)
def test_the_playhead_never_goes_back_by_itself(moves: list[tuple[str, int]], rate_hz: int) -> None:
    playout, now_ms, before = Playout(rate_hz), 0, 0
    for move, ms in moves:
        now_ms += ms
        if move == "append":
            playout.append(*placed("one two three", rate_hz), now_ms)
        elif move == "stop":
            playout.stop(now_ms)
        else:
            playout.run(playout.position(now_ms), now_ms)
        position = playout.position(now_ms)
        assert before <= position <= playout.total
        before = position
