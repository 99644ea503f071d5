from __future__ import annotations

from tests.bench.sessions import Session, clip
from voice_server.bench.statistics import NEVER
from voice_server.bench.turns import measure_turn

SPOKEN = clip((500, 2_000), energy_end_ms=1_900)


def test_the_gap_is_from_the_last_speech_sample_to_the_first_audible_one() -> None:
    session = Session().says(2_450, "transcript.final", turn=1, text="hello there")
    session.plays(2_600, 400, quiet=35)
    outcome = measure_turn(session.recording(), SPOKEN, at_ms=300)
    assert outcome.gap_ms == 335
    assert outcome.gap_from_level_ms == 435
    assert outcome.final_ms == 150
    assert outcome.early == 0


def test_the_final_words_count_from_where_no_transcript_says_anything_else() -> None:
    session = Session().says(2_100, "transcript.partial", turn=1, text="hello there")
    session.says(2_300, "transcript.partial", turn=2, text="Hello there")
    session.says(2_350, "transcript.partial", turn=2, text="Hello, where?")
    session.says(2_400, "transcript.partial", turn=2, text="Hello there.")
    session.says(2_600, "transcript.final", turn=2, text="Hello there!")
    outcome = measure_turn(session.recording(), SPOKEN, at_ms=300)
    assert (outcome.final_ms, outcome.told_ms) == (100, 300)


def test_an_answer_before_the_speech_is_over_is_early_and_not_the_answer() -> None:
    session = Session().plays(1_000, 200).plays(2_700, 400, response=2)
    outcome = measure_turn(session.recording(), SPOKEN, at_ms=300)
    assert (outcome.early, outcome.gap_ms) == (1, 400)


def test_an_answer_after_the_level_fell_counts_even_if_the_manifest_is_later() -> None:
    outcome = measure_turn(Session().plays(2_250, 100).recording(), SPOKEN, at_ms=300)
    assert (outcome.early, outcome.gap_ms, outcome.gap_from_level_ms) == (0, -50, 50)


def test_no_answer_is_never() -> None:
    outcome = measure_turn(Session().recording(), SPOKEN, at_ms=300)
    assert (outcome.gap_ms, outcome.final_ms, outcome.told_ms, outcome.latency) == (NEVER, NEVER, NEVER, {})


def test_an_inaudible_answer_is_none() -> None:
    assert measure_turn(Session().plays(2_400, 300, quiet=300).recording(), SPOKEN, 300).gap_ms == NEVER


def test_the_waterfall_is_that_of_the_answer_with_the_stages_that_were_reached() -> None:
    session = Session().plays(1_000, 200).plays(2_700, 400, response=2)
    session.says(2_750, "response.done", response=1, latency={"turn_end": 9})
    session.says(3_100, "response.done", response=2, latency={"turn_end": 120, "first_token": None})
    assert measure_turn(session.recording(), SPOKEN, 300).latency == {"turn_end": 120.0}
