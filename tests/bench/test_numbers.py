from __future__ import annotations

from collections.abc import Sequence

from voice_server.bench.faults import Faults
from voice_server.bench.numbers import Goal, Number, numbers, waterfall
from voice_server.bench.overlaps import OverlapOutcome, Verdict
from voice_server.bench.pauses import PausesOutcome
from voice_server.bench.running import Result
from voice_server.bench.statistics import NEVER, Distribution, Share
from voice_server.bench.transcripts import TranscriptOutcome
from voice_server.bench.trials import Suite
from voice_server.bench.turns import TurnOutcome


def turn(gap_ms: float, latency: dict[str, float] | None = None) -> Result:
    outcome = TurnOutcome(gap_ms, gap_ms + 100, 0, 90.0, 150.0, latency or {})
    text = TranscriptOutcome("hello", 1, 10, False, (100.0, 250.0))
    return Result(Suite.TURNS, "a", 0, turn=outcome, transcript=text, faults=Faults(0, 0, 0))


def overlap(suite: Suite, verdict: Verdict, stop_ms: float = 70.0, **more: object) -> Result:
    fields: dict[str, object] = {"valid": True, "verdict": verdict, "stop_ms": stop_ms, "silent_ms": stop_ms}
    if verdict != "not stopped":
        fields["decision_ms"] = 300.0
    return Result(suite, "a", 0, overlap=OverlapOutcome(**(fields | more)))  # type: ignore[arg-type]


def found(results: Sequence[Result]) -> dict[str, Number]:
    return {number.key: number for number in numbers(results)}


def test_turn_gaps_become_percentiles_and_are_held_to_their_goal() -> None:
    number = found([turn(100), turn(200), turn(300)])["turn_gap"]
    assert number.value == Distribution(200, 290, 3, 0)
    assert number.met is True
    assert found([turn(100), turn(200), turn(NEVER)])["turn_gap"].met is False


def test_word_error_is_over_all_words() -> None:
    numbers_found = found([turn(100), turn(100)])
    assert numbers_found["word_error"].value == Share(2, 20)
    assert numbers_found["partial_lag"].value == Distribution(175, 250, 4, 0)
    assert numbers_found["final_transcript"].met is True


def test_long_speech_is_no_turn() -> None:
    long = turn(5_000)
    results = [turn(100), Result(Suite.LONG, "b", 0, turn=long.turn, pauses=PausesOutcome(8, 2, 1))]
    assert found(results)["turn_gap"].value == Distribution(100, 100, 1, 0)
    assert found(results)["cut_offs"].value == Share(2, 8)
    assert found(results)["cut_offs_inside"].value == Share(1, 8)
    assert found(results)["cut_offs"].met is False


def test_a_stop_that_never_came_counts_and_one_before_the_onset_is_left_out() -> None:
    speech = Suite.INTERRUPTIONS
    results = [overlap(speech, "interrupted"), overlap(speech, "not stopped", NEVER)]
    assert found(results)["barge_in_stop"].value == Distribution(NEVER, NEVER, 2, 1)
    assert found(results)["interruptions_recognised"].value == Share(1, 2)
    early = [overlap(speech, "interrupted"), overlap(speech, "interrupted", -400.0, early=True)]
    assert found(early)["barge_in_stop"].value == Distribution(70, 70, 1, 0)
    assert found(early)["interruptions_recognised"].value == Share(2, 2)


def test_a_noise_that_did_not_stop_anything_is_not_taken_back_but_kept() -> None:
    noise = Suite.NOISE
    results = [
        overlap(noise, "not stopped", NEVER),
        overlap(noise, "taken back", on_again_ms=(640.0,), hole_ms=(500.0,), resumed_at_word=(True,)),
        overlap(noise, "undecided"),
        overlap(noise, "interrupted"),
    ]
    numbers_found = found(results)
    assert numbers_found["noise_stops"].value == Share(3, 4)
    assert numbers_found["taken_back"].value == Share(1, 3)
    assert numbers_found["false_stops"].value == Share(2, 4)
    assert numbers_found["on_again"].value == Distribution(640, 640, 1, 0)
    assert numbers_found["resumed_at_word"].met is True
    assert numbers_found["decision"].value == Distribution(300, 300, 3, 0)


def test_a_trial_without_an_answer_to_speak_over_is_counted_apart() -> None:
    results = [Result(Suite.NOISE, "a", 0, overlap=OverlapOutcome(valid=False))]
    assert found(results)["unfit_trials"].value == 1
    assert found(results)["false_stops"].value is None


def test_faults_and_failures_are_summed() -> None:
    results = [
        Result(Suite.TURNS, "a", 0, faults=Faults(2, 0, 1)),
        Result(Suite.TURNS, "a", 1, faults=Faults(1, 3, 0)),
        Result(Suite.TURNS, "a", 2, error="gone"),
    ]
    numbers_found = found(results)
    values = {
        key: numbers_found[key].value for key in ("frames_after_stop", "leaked_frames", "changed_prefixes")
    }
    assert values == {"frames_after_stop": 3, "leaked_frames": 3, "changed_prefixes": 1}
    assert numbers_found["failed_sessions"].value == 1
    assert [numbers_found[key].met for key in values] == [False, False, False]


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {number.met for number in numbers([]) if number.goal} == {None}


def test_goals_bound_shares_from_both_sides() -> None:
    assert Goal(at_least=0.95).met_by(Share(19, 20)) is True
    assert Goal(at_least=0.95).met_by(Share(18, 20)) is False
    assert Goal(at_most=0).met_by(1) is False
    assert Goal(at_least=0.95).met_by(Share(0, 0)) is None
    assert Goal(p50=300, p95=700).met_by(Distribution(300, 700, 3, 0)) is True


def test_stages_are_in_the_order_of_time_each_with_those_turns_that_reached_it() -> None:
    results = [
        turn(300, {"first_audio": 250.0, "turn_end": 100.0}),
        turn(310, {"turn_end": 200.0}),
        Result(Suite.LONG, "b", 0, turn=turn(1, {"turn_end": 9_000.0}).turn),
    ]
    assert waterfall(results) == {
        "turn_end": Distribution(150, 195, 2, 0),
        "first_audio": Distribution(250, 250, 1, 0),
    }
    assert list(waterfall(results)) == ["turn_end", "first_audio"]
