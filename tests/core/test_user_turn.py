"""One utterance, pauses included."""

from __future__ import annotations

from voice_server.core.user_turn import Turn


def turn() -> Turn:
    return Turn(1, 1_000, 700, 200)


def test_nothing_is_covered_at_first() -> None:
    assert (turn().covered_ms, turn().wordless_ms, turn().text) == (0, 0, "")


def test_a_hypothesis_covers_its_sound_and_new_words_count_anew() -> None:
    utterance = turn()
    utterance.revise("what", 1_300)
    utterance.revise("what", 1_900)
    assert (utterance.covered_ms, utterance.wordless_ms, utterance.text) == (900, 600, "what")
    utterance.revise("what time", 2_000)
    assert utterance.wordless_ms == 0


def test_the_final_words_are_the_words() -> None:
    utterance = turn()
    utterance.revise("what", 1_300)
    utterance.end_at_ms = 1_800
    utterance.close("What time?", 2_100)
    assert (utterance.text, utterance.final_ms, utterance.covered_ms) == ("What time?", 2_100, 800)


def test_going_on_forgets_what_the_silence_was_worth_but_not_the_words() -> None:
    utterance = turn()
    utterance.revise("what", 1_300)
    utterance.end_at_ms, utterance.silent_since_ms, utterance.opinions = 1_800, 1_800, (0.9,)
    utterance.early, utterance.early_at_ms, utterance.over = "what", 1_800, True
    utterance.close("what", 2_100)
    utterance.go_on(2_500)
    silence = (
        "end_at_ms",
        "silent_since_ms",
        "final",
        "final_ms",
        "early",
        "early_at_ms",
        "opinions",
        "over",
    )
    assert not any(getattr(utterance, name) for name in silence)
    assert utterance.text == "what"
    assert utterance.words_at_ms == 2_500


def test_forgetting_moves_the_start_and_never_back() -> None:
    utterance = turn()
    utterance.revise("mm", 3_000)
    utterance.forget(2_000)
    assert (utterance.start_at_ms, utterance.from_at_ms, utterance.text) == (2_000, 2_000, "")
    utterance.forget(1_500)
    assert (utterance.start_at_ms, utterance.from_at_ms) == (2_000, 2_000)
