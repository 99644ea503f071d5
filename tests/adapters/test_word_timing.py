from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.adapters.word_timing import is_sound, timed_words, word_spans
from voice_server.core.playout import Word


def spans_of(alone: str, together: str) -> list[str]:
    """What each word of `alone` (divided by "|") gets of `together`."""
    return [together[start:end] for start, end in word_spans(alone.split("|"), together)]


@pytest.mark.parametrize(
    ("alone", "together", "parts"),
    [
        ("ðə|kæt|sæt", "ðə kæt sæt.", ["ðə", "kæt", "sæt"]),
        ("ɪn|ðə|ʌv|ðə|bˈiː", "ɪnðɪʲ ʌvðə bˈiː", ["ɪn", "ðɪʲ", "ʌv", "ðə", "bˈiː"]),
        (
            "həlˈoʊ,|fˈɔːɹɾi tˈuː|pˈiːpəl",
            "həlˈoʊ, fˈɔːɹɾi tˈuː pˈiːpəl.",
            ["həlˈoʊ", "fˈɔːɹɾi tˈuː", "pˈiːpəl"],
        ),
        ("jˌuːˈɛs.|ʌv|ˈeɪ.", "jˌuːˈɛs əvə. ", ["jˌuːˈɛs", "əv", "ə"]),
        ("|jˈɛs||nˈoʊ|", "jˈɛs, nˈoʊ", ["", "jˈɛs", "", "nˈoʊ", ""]),
        ("wˈʌn|wˈʌn|wˈʌn", "wˈʌn wˈʌn wˈʌn", ["wˈʌn", "wˈʌn", "wˈʌn"]),
        ("ab|cd", "xxxx", ["xx", "xx"]),
        ("ab|cd", "", ["", ""]),
        ("", "abc", [""]),
    ],
)
def test_words_find_their_phonemes(alone: str, together: str, parts: list[str]) -> None:
    assert spans_of(alone, together) == parts


@given(st.lists(st.text("abˈc ., ", max_size=6), max_size=8), st.text("abˈcd ., ", max_size=30))
def test_spans_are_in_order_and_within(alone: list[str], together: str) -> None:
    spans = word_spans(alone, together)
    edges = [edge for span in spans for edge in span]
    assert len(spans) == len(alone)
    assert all(a <= b for a, b in pairwise([0, *edges, len(together)]))


@given(st.lists(st.text("abcdˈ", min_size=1, max_size=6), min_size=1, max_size=8))
def test_words_that_change_nothing_in_company_are_found_exactly(words: list[str]) -> None:
    assert spans_of("|".join(words), " ".join(words) + ".") == words


def test_times_are_those_of_the_phonemes() -> None:
    words = timed_words(["a", "—", "cd"], [(0, 1), (1, 1), (2, 4)], [100, 110, 150, 160, 200])
    assert words == (Word("a", 100, 110), Word("—", 110, 110), Word("cd", 150, 200))


def test_marks_are_no_sound() -> None:
    assert [p for p in "a ,ˈ.?" if is_sound(p)] == ["a", "ˈ"]
