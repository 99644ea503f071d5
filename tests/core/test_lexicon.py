"""The words that turn-taking knows."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from voice_server.core import lexicon


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("... !? —", []),
        ("Hello, World!", ["hello", "world"]),
        ("Mm-hmm. Uh-huh.", ["mm-hmm", "uh-huh"]),
        ("I'm 'quoted' don’t", ["i'm", "quoted", "don't"]),
        ("naïve Café", ["naïve", "café"]),
        ("你好 мир ٣", ["你好", "мир", "٣"]),
        ("3.5 and 10:30", ["3", "5", "and", "10", "30"]),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert lexicon.words(text) == words


@pytest.mark.parametrize(
    "text", ["Mm-hmm.", "Yeah.", "yeah, okay", "Oh, I see.", "Thank you.", "Hey.", "Right right right"]
)
def test_backchannels(text: str) -> None:
    assert lexicon.is_backchannel(text)


@pytest.mark.parametrize(
    "text", ["", "...", "Yeah but", "Hey, what", "Okay stop", "yeah yeah yeah yeah", "What?", "No."]
)
def test_what_is_no_backchannel(text: str) -> None:
    assert not lexicon.is_backchannel(text)


@pytest.mark.parametrize(
    "text", ["Stop.", "No, stop it", "Okay, wait", "'Stop!'", "Hold on", "hang on a second"]
)
def test_stop_words_come_first(text: str) -> None:
    assert lexicon.has_stop_word(text)


@pytest.mark.parametrize("text", ["", "Where does the bus stop?", "I cannot wait", "stopping"])
def test_a_stop_word_further_on_is_just_a_word(text: str) -> None:
    assert not lexicon.has_stop_word(text)


@pytest.mark.parametrize(
    "text", ["I want the", "I want to.", "and", "Because.", "Well,", "So...", "my name is", "what is the?"]
)
def test_trailing_off(text: str) -> None:
    assert lexicon.trails_off(text)
    assert not lexicon.is_sentence(text)


@pytest.mark.parametrize(
    "text", ["", "Where are you from?", "What is it for?", "Yes.", "Stop", "How is she?"]
)
def test_not_trailing_off(text: str) -> None:
    assert not lexicon.trails_off(text)


@pytest.mark.parametrize(
    ("text", "ends"),
    [("5 5 1", True), ("It is 42.", True), ("1,000 -", True), ("4 cats", False), ("", False)],
)
def test_digits(text: str, ends: bool) -> None:
    assert lexicon.ends_in_digits(text) is ends


@pytest.mark.parametrize(
    ("text", "has"), [("B-B-B", False), ("a", False), ("", False), ("ah", True), ("7", True), ("b-boy", True)]
)
def test_substance(text: str, has: bool) -> None:
    assert lexicon.has_substance(text) is has


@pytest.mark.parametrize(
    "text",
    ["What time is it", "Okay, tell me more.", "You know Rome? It is in Italy, isn't it?", "I want tea."],
)
def test_requests(text: str) -> None:
    assert lexicon.is_request(text)


@pytest.mark.parametrize("text", ["", "It rains.", "Yesterday I was there.", "hello"])
def test_statements(text: str) -> None:
    assert not lexicon.is_request(text)


@given(text=st.text())
def test_any_text_has_an_answer_to_every_question(text: str) -> None:
    said = lexicon.words(text)
    assert lexicon.words(" ".join(said)) == said
    assert not (lexicon.is_backchannel(text) and not said)
    assert not (lexicon.trails_off(text) and lexicon.is_sentence(text))
    assert said or not any(
        ask(text) for ask in (lexicon.has_stop_word, lexicon.has_substance, lexicon.trails_off)
    )
