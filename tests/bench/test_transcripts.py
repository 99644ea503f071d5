from __future__ import annotations

from dataclasses import replace

from tests.bench.sessions import Session, clip
from voice_server.bench.transcripts import loops, measure_transcripts, spoken_words

SPOKEN = clip((0, 1_000), (1_500, 2_500), transcript="abcd efgh ijkl mnop")


def test_words_share_out_the_speech_by_their_letters_and_skip_pauses() -> None:
    assert spoken_words(SPOKEN) == [("abcd", 500), ("efgh", 1_000), ("ijkl", 2_000), ("mnop", 2_500)]
    assert spoken_words(clip((0, 10), transcript=None)) == []


def test_known_ends_of_words_are_taken_and_fillers_left_out() -> None:
    known = replace(clip((0, 900), transcript="Um, I'd go."), word_ends_ms=(300.0, 600.0, 900.0))
    assert spoken_words(known) == [("i", 600), ("would", 600), ("go", 900)]


def test_each_word_lags_from_when_it_had_been_spoken_to_the_first_transcript_with_it() -> None:
    session = Session().says(1_000, "transcript.partial", turn=1, text="abcd", stable=0)
    session.says(1_400, "transcript.partial", turn=1, text="Abcd, efgh", stable=4)
    session.says(2_700, "transcript.partial", turn=1, text="Abcd, efgh x", stable=4)
    session.says(3_000, "transcript.final", turn=1, text="Abcd efgh xxxx mnop.")
    outcome = measure_transcripts(session.recording(), SPOKEN, at_ms=300)
    assert outcome.lags_ms == (200, 100, 200)
    assert (outcome.errors, outcome.words) == (1, 4)


def test_the_text_is_the_last_final_of_each_turn() -> None:
    session = Session().says(900, "transcript.final", turn=1, text="abcd")
    session.says(1_000, "transcript.final", turn=1, text="abcd efgh")
    session.says(2_000, "transcript.final", turn=2, text="ijkl mnop")
    outcome = measure_transcripts(session.recording(), SPOKEN, at_ms=0)
    assert outcome.text == "abcd efgh ijkl mnop"
    assert outcome.errors == 0


def test_nothing_understood_is_all_words_wrong() -> None:
    outcome = measure_transcripts(Session().recording(), SPOKEN, at_ms=0)
    assert (outcome.text, outcome.errors, outcome.lags_ms, outcome.looped) == ("", 4, (), False)


def test_a_text_that_repeats_itself_loops() -> None:
    assert loops("I'm sorry, I'm sorry, " * 8)
    assert not loops("I'd like a medium double shot latte with sugar.")
