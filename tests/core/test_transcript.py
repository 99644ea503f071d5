"""What is promised of a transcript is kept, and no word is lost at the seam."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from voice_server.core.transcript import AGREEMENT, UNSETTLED_WORDS, Transcript

TOKENS = st.sampled_from("Well well, I i think thank we the The a one 1 Yes. no".split())
HYPOTHESES = st.lists(TOKENS, max_size=12).map(" ".join)


def revised(*hypotheses: str) -> Transcript:
    transcript = Transcript()
    for hypothesis in hypotheses:
        transcript.revise(hypothesis)
    return transcript


def test_nothing_is_stable_before_the_hypotheses_agree() -> None:
    text = "one two three four"
    for count in range(1, AGREEMENT):
        assert revised(*[text] * count).stable == 0
    assert revised(*[text] * AGREEMENT).stable == len("one two")


def test_the_last_words_are_never_stable() -> None:
    assert revised(*["one two"] * 9).stable == 0
    assert UNSETTLED_WORDS == 2


def test_case_and_punctuation_do_not_disagree() -> None:
    transcript = revised("Well i think we", "well, I think we", "Well I think we go")
    assert transcript.text[: transcript.stable] == "Well I think"


def test_a_hypothesis_that_begins_otherwise_settles_nothing() -> None:
    transcript = revised(*["one two three four five"] * 3)
    for _ in range(5):
        transcript.revise("uno two three four five six seven")
    assert transcript.stable == len("one two three")


@pytest.mark.parametrize(
    ("final", "text"),
    [
        ("well I think we should go", "Well I think we should go"),
        ("I think we should go", "Well I think we should go"),
        ("oh well I think we should go", "Well I think we should go"),
        ("Well I think that we should go", "Well I think that we should go"),
        ("well", "Well I think"),
        ("", "Well I think"),
    ],
)
def test_the_final_text_joins_the_promise_without_losing_or_repeating(final: str, text: str) -> None:
    transcript = revised(*["Well I think we should"] * 3)
    assert transcript.text[: transcript.stable] == "Well I think"
    assert transcript.close(final) == text


def test_it_says_whether_a_hypothesis_brought_words() -> None:
    transcript = Transcript()
    brought = [(text, transcript.revise(text)) for text in ("", "a", "b", "a b c", "a b", "a b c", "a b c")]
    assert brought == [
        ("", False),
        ("a", True),
        ("b", False),
        ("a b c", True),
        ("a b", False),
        ("a b c", True),  # not more of them, but "a" is sure now
        ("a b c", False),
    ]


@given(hypotheses=st.lists(HYPOTHESES, max_size=15), final=HYPOTHESES)
def test_what_is_stable_never_changes(hypotheses: list[str], final: str) -> None:
    transcript, promised = Transcript(), ""
    for hypothesis in hypotheses:
        transcript.revise(hypothesis)
        assert transcript.text.startswith(promised)
        assert transcript.stable >= len(promised)
        promised = transcript.text[: transcript.stable]
    assert transcript.close(final).startswith(promised)


@given(words=st.lists(TOKENS, max_size=12), repeats=st.integers(1, 6), more=st.lists(TOKENS, max_size=5))
def test_a_final_text_that_continues_the_promise_is_taken_as_it_is(
    words: list[str], repeats: int, more: list[str]
) -> None:
    transcript = revised(*[" ".join(words)] * repeats)
    assert transcript.close(" ".join(words + more)) == " ".join(words + more)
