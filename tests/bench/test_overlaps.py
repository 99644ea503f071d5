from __future__ import annotations

from tests.bench.sessions import Session
from voice_server.bench.overlaps import measure_overlap
from voice_server.bench.statistics import NEVER

BEGIN_MS = 2_000.0
ONSET_MS = (2_500.0,)


def talking() -> Session:
    """The assistant talks from 1 s to 9 s, in words of 200 ms."""
    words = [{"text": f"w{i}", "start_ms": 200 * i, "end_ms": 200 * i + 180} for i in range(40)]
    session = Session().says(900, "response.started", response=1, turn=1)
    return session.says(950, "response.words", response=1, words=words).plays(1_000, 8_000)


def stopped(at_ms: int = 2_570) -> Session:
    return talking().says(at_ms, "response.stop", response=1, reason="barge_in", at_ms=0)


def test_a_stop_is_timed_from_the_onset_and_the_silence_with_it() -> None:
    session = stopped().says(2_900, "response.done", response=1, status="interrupted")
    outcome = measure_overlap(session.recording(), BEGIN_MS, ONSET_MS)
    assert (outcome.valid, outcome.verdict, outcome.early) == (True, "interrupted", False)
    assert (outcome.stop_ms, outcome.silent_ms, outcome.decision_ms) == (70, 70, 330)


def test_a_server_that_does_not_stop_never_does() -> None:
    outcome = measure_overlap(talking().recording(), BEGIN_MS, ONSET_MS)
    assert (outcome.verdict, outcome.stop_ms, outcome.decision_ms) == ("not stopped", NEVER, None)


def test_a_stop_that_nobody_decides_on_is_undecided() -> None:
    outcome = measure_overlap(stopped().recording(), BEGIN_MS, ONSET_MS)
    assert (outcome.verdict, outcome.decision_ms) == ("undecided", NEVER)


def test_taken_back_is_timed_to_the_sound_and_knows_the_word() -> None:
    session = stopped().says(2_800, "response.resume", response=1, position=1_400)
    session.plays(2_810, 500, position=1_400, quiet=40)
    outcome = measure_overlap(session.recording(), BEGIN_MS, ONSET_MS)
    assert outcome.verdict == "taken back"
    assert outcome.decision_ms == 230
    assert outcome.on_again_ms == (350,)
    assert outcome.hole_ms == (280,)
    assert outcome.resumed_at_word == (True,)


def test_going_on_in_the_middle_of_a_word_or_far_back_is_no_word_boundary() -> None:
    for position in (1_570, 1_000, 1_800):
        session = stopped().says(2_800, "response.resume", response=1, position=position)
        session.plays(2_810, 500, position=position)
        assert measure_overlap(session.recording(), BEGIN_MS, ONSET_MS).resumed_at_word == (False,)


def test_without_words_the_boundary_is_not_known() -> None:
    session = Session().plays(1_000, 8_000).says(2_570, "response.stop", response=1, reason="barge_in")
    session.says(2_800, "response.resume", response=1, position=1_400).plays(2_810, 500)
    assert measure_overlap(session.recording(), BEGIN_MS, ONSET_MS).resumed_at_word == ()


def test_taken_back_in_silence_is_never_on_again() -> None:
    session = stopped().says(2_800, "response.resume", response=1, position=1_400)
    assert measure_overlap(session.recording(), BEGIN_MS, ONSET_MS).on_again_ms == (NEVER,)


def test_the_last_of_several_stops_gives_the_verdict_and_each_its_own_onset() -> None:
    session = stopped().says(2_800, "response.resume", response=1, position=1_400)
    session.plays(2_810, 5_000, position=1_400)
    session.says(4_100, "response.stop", response=1, reason="barge_in")
    session.says(4_300, "response.resume", response=1, position=2_600)
    session.plays(4_310, 3_000, position=2_600)
    outcome = measure_overlap(session.recording(), BEGIN_MS, (2_500.0, 4_000.0))
    assert outcome.on_again_ms == (310, 310)
    session.says(5_000, "response.stop", response=1, reason="barge_in")
    session.says(5_100, "response.done", response=1, status="interrupted")
    assert measure_overlap(session.recording(), BEGIN_MS, ONSET_MS).verdict == "interrupted"


def test_a_stop_before_the_onset_is_early() -> None:
    session = stopped(2_200).says(2_300, "response.done", response=1, status="interrupted")
    outcome = measure_overlap(session.recording(), BEGIN_MS, ONSET_MS)
    assert (outcome.valid, outcome.early, outcome.verdict) == (True, True, "interrupted")


def test_nothing_is_meant_when_the_assistant_did_not_talk() -> None:
    silent = Session().plays(2_600, 300).recording()
    finished = Session().plays(1_000, 1_200).says(2_250, "response.done", response=1).recording()
    assert not measure_overlap(silent, BEGIN_MS, ONSET_MS).valid
    assert not measure_overlap(finished, BEGIN_MS, ONSET_MS).valid


def test_a_stop_for_another_reason_is_no_barge_in() -> None:
    session = talking().says(2_570, "response.stop", response=1, reason="client")
    session.says(2_600, "response.done", response=1, status="interrupted")
    outcome = measure_overlap(session.recording(), BEGIN_MS, ONSET_MS)
    assert outcome.stop_ms == NEVER


def test_an_answer_that_has_run_dry_is_still_on_but_was_silent_anyhow() -> None:
    session = Session().plays(1_000, 1_200).says(2_570, "response.stop", response=1, reason="barge_in")
    outcome = measure_overlap(session.recording(), BEGIN_MS, ONSET_MS)
    assert (outcome.valid, outcome.stop_ms, outcome.silent_ms) == (True, 70, None)
    assert measure_overlap(Session().plays(1_000, 1_200).recording(), BEGIN_MS, ONSET_MS).valid


def test_going_on_in_the_silence_between_two_words_is_a_word_boundary() -> None:
    session = stopped(2_590).says(2_800, "response.resume", response=1, position=1_590)
    session.plays(2_810, 500, position=1_590)
    assert measure_overlap(session.recording(), BEGIN_MS, ONSET_MS).resumed_at_word == (True,)
