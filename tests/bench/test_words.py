from __future__ import annotations

import pytest

from voice_server.bench.words import normalized, recognized, word_errors


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Okay, sure.", "okay sure"),
        ("What's the date?", "what is the date"),
        ("I'd like tea, um, please", "I would like tea please"),
        ("Go forward ten meters.", "go forward 10 meters"),
        ("three hours and ten minutes", "3 hours and 10 minutes"),
        ("one zero nine oh two", "10902"),
        ("twenty one dogs", "21 dogs"),
        ("Mm-hmm.", ""),
        ("Can’t", "can not"),
    ],
)
def test_spelling_that_does_not_matter_is_taken_out(one: str, other: str) -> None:
    assert normalized(one) == normalized(other)


def test_an_oh_that_is_no_digit_stays() -> None:
    assert normalized("Oh, hello") == ["oh", "hello"]


def test_counts_substitutions_deletions_and_insertions() -> None:
    assert word_errors("the small dog", "the small dog") == (0, 3)
    assert word_errors("the small dog", "a small dog barked") == (2, 3)
    assert word_errors("the small dog", "") == (3, 3)
    assert word_errors("", "hello") == (1, 0)


def test_knows_which_words_were_recognized_in_order() -> None:
    assert recognized(["a", "b", "c", "d"], ["a", "x", "c"]) == {0, 2}
    assert recognized(["a"], []) == set()
