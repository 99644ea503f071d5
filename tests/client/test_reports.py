from __future__ import annotations

from voice_server.client.reports import PlaybackReports


def test_reports_every_200_ms_while_a_response_sounds_and_once_after() -> None:
    reports = PlaybackReports()
    sounding = {ms: 4 for ms in range(100, 520, 20)}
    told = [(ms, r) for ms in range(0, 1_000, 20) for r in reports.due(ms, sounding.get(ms))]
    assert told == [(300, 4), (500, 4), (520, 4)]


def test_the_end_of_one_is_reported_when_the_next_begins() -> None:
    reports = PlaybackReports()
    assert list(reports.due(0, 1)) == []
    assert list(reports.due(20, 2)) == [1]
    assert list(reports.due(220, 2)) == [2]
