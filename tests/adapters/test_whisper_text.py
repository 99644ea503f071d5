"""Taking out of Whisper's text what nobody said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.adapters.whisper_text import spoken, without_loop


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "[BLANK_AUDIO]",
        " (dog barking)",
        "*cough*",
        "♪♪",
        ". . . .",
        "(phone ringing) (phone",
        "[",
        "*",
    ],
)
def test_what_is_no_speech_is_nothing(text: str) -> None:
    assert spoken(text) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" Turn it off.", "Turn it off."),
        (" [laughs] Okay, great.", "Okay, great."),
        ("Set a (beep) timer *cough* now", "Set a timer now"),
        (">> Hello?", "Hello?"),
    ],
)
def test_words_between_annotations_stay(text: str, words: str) -> None:
    assert spoken(text) == words


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("Oh, oh, oh, oh, oh, oh, oh,", "Oh,"),
        ("Segment 3, segment 4, segment 4, segment 4, segm", "Segment 3, segment 4,"),
        ("Hello? Are you there? Hello? Are you there? Hello?", "Hello? Are you there?"),
        ("and then he said no no no no no no", "and then he said no"),
    ],
)
def test_a_loop_is_cut_to_one_round(text: str, once: str) -> None:
    assert without_loop(text) == once


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "no no no",
        "bye bye bye bye",
        "one two three one two three",
        "It is very very very very very very good.",
        "Testing segments. Segment two. Segment three. Segment four.",
    ],
)
def test_what_may_have_been_said_stays(text: str) -> None:
    assert without_loop(text) == text


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=5),
    st.lists(st.sampled_from("ijklmnop"), min_size=1, max_size=5, unique=True),
    st.integers(min_value=6, max_value=9),
)
def test_any_phrase_said_over_and_over_is_said_once(before: list[str], phrase: list[str], times: int) -> None:
    assert without_loop(" ".join(before + phrase * times)) == " ".join(before + phrase)


@given(st.text(alphabet="ab c.()[]*", max_size=40))
def test_the_rules_need_to_be_applied_only_once(text: str) -> None:
    assert spoken(spoken(text)) == spoken(text)
