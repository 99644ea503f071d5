"""How long a silence must last: surer opinions and a faster dial never make it longer."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from voice_server.core.endpointing import (
    LONGEST_WAIT_MS,
    OPINIONS,
    Completeness,
    Evidence,
    completeness,
    silence_needed_ms,
    stretch,
)

EXAMPLES = {
    None: Completeness.UNKNOWN,
    "": Completeness.UNKNOWN,
    "I would like to": Completeness.TRAILING,
    "And then, um": Completeness.TRAILING,
    "Well, you know...": Completeness.TRAILING,
    "My number is 5 5 1": Completeness.DIGITS,
    "I think it is raining": Completeness.OPEN,
    "tell me a joke": Completeness.OPEN_REQUEST,
    "Ever tried.": Completeness.FRAGMENT,
    "And so, my fellow Americans.": Completeness.FRAGMENT,
    "And so my fellow American": Completeness.FRAGMENT,
    "So what time is it?": Completeness.REQUEST,
    "No, thank you.": Completeness.STATEMENT,
    "Good morning!": Completeness.STATEMENT,
    "I was there again yesterday.": Completeness.STATEMENT,
    "What time is it?": Completeness.REQUEST,
    "Where are you from?": Completeness.REQUEST,
    "What is this about?": Completeness.REQUEST,
    "Tell me a joke.": Completeness.REQUEST,
}
TEXTS = st.sampled_from(list(EXAMPLES))
OPINION = st.floats(0, 1)
DIAL = st.floats(0, 1)


@pytest.mark.parametrize(("text", "expected"), EXAMPLES.items())
def test_what_the_text_says(text: str | None, expected: Completeness) -> None:
    assert completeness(text) is expected


def test_a_few_words_may_answer_a_question() -> None:
    assert completeness("A small one.") is Completeness.FRAGMENT
    assert completeness("A small one.", asked=True) is Completeness.STATEMENT


def test_every_completeness_has_an_example() -> None:
    assert set(EXAMPLES.values()) == set(Completeness)


@given(text=TEXTS, opinions=st.tuples(OPINION, OPINION), dial=DIAL)
def test_a_surer_opinion_never_waits_longer(
    text: str | None, opinions: tuple[float, float], dial: float
) -> None:
    doubtful, sure = sorted(opinions)
    waits = [silence_needed_ms(Evidence(text, (opinion,)), dial) for opinion in (doubtful, sure)]
    assert waits[0] >= waits[1]


@given(text=TEXTS, opinion=OPINION, dials=st.tuples(DIAL, DIAL))
def test_a_faster_dial_never_waits_longer(
    text: str | None, opinion: float, dials: tuple[float, float]
) -> None:
    patient, fast = sorted(dials)
    waits = [silence_needed_ms(Evidence(text, (opinion,)), dial) for dial in (patient, fast)]
    assert waits[0] >= waits[1]


@given(text=TEXTS, opinions=st.lists(OPINION, max_size=6).map(tuple), dial=DIAL)
def test_every_silence_ends_some_time(text: str | None, opinions: tuple[float, ...], dial: float) -> None:
    assert 0 < silence_needed_ms(Evidence(text, opinions), dial) <= LONGEST_WAIT_MS


def test_the_dial() -> None:
    assert [stretch(dial) for dial in (0.0, 0.5, 1.0)] == [2.0, 1.0, 0.5]


def test_only_the_latest_opinions_count_and_none_is_doubt() -> None:
    assert Evidence("Yes.", (0.0, 0.5, 1.0, 0.75)).certainty == 0.75
    assert OPINIONS == 3
    assert Evidence("Yes.").certainty == 0.0


def test_a_question_is_over_sooner_than_a_sentence_that_trails_off() -> None:
    waits = [silence_needed_ms(Evidence(text, (0.99,)), 0.5) for text in ("What time is it?", "I want the")]
    assert waits[0] < waits[1]
