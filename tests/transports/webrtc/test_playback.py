"""The estimate of the loudspeaker: what was sent, later."""

from __future__ import annotations

from voice_server.core.events import PlaybackReported
from voice_server.transports.webrtc.playback import MIN_BUFFER_MS, REPORT_MS, PlaybackEstimate


def speaking(ms: int, estimate: PlaybackEstimate) -> list[tuple[int, int]]:
    """Send 20 ms every 20 ms for so long; when was what reported."""
    reports = []
    for at_ms in range(0, ms, 20):
        estimate.sent(1, (at_ms + 20) * 48, at_ms)
        if report := estimate.report(at_ms):
            reports.append((at_ms, report.played_ms))
    return reports


def test_what_was_sent_sounds_after_the_way_there() -> None:
    estimate = PlaybackEstimate()
    assert speaking(700, estimate) == [(40, 20), (240, 220), (440, 420), (640, 620)]
    assert (MIN_BUFFER_MS, REPORT_MS) == (40, 200)


def test_a_longer_way_and_a_shaken_one_take_longer() -> None:
    estimate = PlaybackEstimate()
    estimate.measured(round_trip_ms=80, jitter_ms=20)
    assert estimate.delay_ms == 40 + 60
    assert speaking(320, estimate) == [(100, 20), (300, 220)]


def test_the_end_is_reported_too_and_only_once() -> None:
    estimate = PlaybackEstimate()
    speaking(100, estimate)
    assert estimate.report(1_000) == PlaybackReported(1, 100)
    assert estimate.report(2_000) is None


def test_after_a_stop_all_that_left_will_sound() -> None:
    estimate = PlaybackEstimate()
    speaking(100, estimate)
    assert estimate.cut() == PlaybackReported(1, 100)
    assert estimate.report(1_000) is None
    assert estimate.cut() is None


def test_an_answer_that_goes_on_is_followed_from_where_it_goes_on() -> None:
    estimate = PlaybackEstimate()
    speaking(200, estimate)
    estimate.cut()
    estimate.sent(1, 120 * 48, 1_000)
    assert estimate.report(1_040) == PlaybackReported(1, 120)


def test_a_client_that_tells_itself_is_not_guessed_at_and_nothing_is_kept() -> None:
    estimate = PlaybackEstimate()
    speaking(100, estimate)
    estimate.give_way()
    assert speaking(1_000, estimate) == []
    assert estimate.cut() is None
