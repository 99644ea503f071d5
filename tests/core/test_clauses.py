"""Cutting text into what is worth speaking."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from voice_server.core.clauses import FIRST_LIMIT_WORDS, LATER_LIMIT_WORDS, LONGEST_WORD_CHARS, ClauseCutter

WORDS = st.sampled_from(
    [
        *"""Well, yes. No! 3.5 $5.00 Dr. Smith (really?) "Stop." e.g. 1. 2) — … and the naïve café 你好 🙂 so:
        I. U.S. 42. Hello there; it's 10:30 a.m. x ... wait-- “quoted.” l'été 好。」是，不！""".split(),
        "www." * 30,
    ]
)


def cut(*pieces: str) -> list[str]:
    cutter = ClauseCutter()
    return [clause for piece in pieces for clause in cutter.push(piece)] + cutter.flush()


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("", []),
        ("   \n ", []),
        ("Hello", ["Hello"]),
        ("Sure. I can do that. ", ["Sure.", "I can do that."]),
        ("No. It is not.", ["No.", "It is not."]),
        ("Is it? Yes! Good…  Fine", ["Is it?", "Yes!", "Good…", "Fine"]),
        ("It costs $5.00 or 3.5 euros. Cheap.", ["It costs $5.00", "or 3.5 euros.", "Cheap."]),
        ("Ask Dr. Smith. He knows.", ["Ask Dr. Smith.", "He knows."]),
        ("So do I. And you?", ["So do I.", "And you?"]),
        ("The answer is 42. Sure.", ["The answer is", "42. Sure."]),
        ("Do this: 1. Mix it. 2. Bake it.", ["Do this:", "1. Mix it.", "2. Bake it."]),
        ('He said "stop." Then (really?) left.', ['He said "stop."', "Then (really?)", "left."]),
        ("Of course I can, with pleasure.", ["Of course I", "can, with pleasure."]),
        ("Yes, I can, of course.", ["Yes, I can,", "of course."]),
        ("你好。 Tell me 你好! Now", ["你好。", "Tell me 你好!", "Now"]),
        ("你好。我叫小明，很高兴认识你！你呢？", ["你好。", "我叫小明， 很高兴认识你！", "你呢？"]),
        ("他说「好。」然后走了。", ["他说「好。」", "然后走了。"]),
        ("See http://localhost:8000/v1 now.", ["See http://localhost:8000/v1 now."]),
        ("Hello! 🙂 How are you?", ["Hello!", "🙂 How are you?"]),
        ("Bye! 🙂", ["Bye!"]),
        ("... Well.", ["... Well."]),
    ],
)
def test_where_it_is_cut(text: str, clauses: list[str]) -> None:
    assert cut(text) == clauses


def test_the_first_clause_is_short_and_the_later_ones_may_be_long() -> None:
    lengths = [len(clause.split()) for clause in cut("word " * 100)]
    assert lengths[0] == FIRST_LIMIT_WORDS
    assert lengths[1:-1] == [LATER_LIMIT_WORDS] * (len(lengths) - 2)


def test_the_first_clause_is_bounded_also_where_nobody_puts_a_space() -> None:
    cutter = ClauseCutter()
    clauses = [clause for letter in "字" * 1_000 for clause in cutter.push(letter)]
    assert len(clauses[0]) <= FIRST_LIMIT_WORDS * (LONGEST_WORD_CHARS + 1)
    assert "".join([*clauses, *cutter.flush()]).replace(" ", "") == "字" * 1_000


def test_a_word_is_not_spoken_before_it_is_complete() -> None:
    cutter = ClauseCutter()
    assert cutter.push("It is 3.") == []
    assert cutter.push("5 miles. ") == ["It is 3.5", "miles."]
    assert cutter.flush() == []


def test_the_first_clause_comes_as_soon_as_it_is_complete() -> None:
    cutter = ClauseCutter()
    assert cutter.push("Yes, I can,") == []
    assert cutter.push(" and") == ["Yes, I can,"]


@given(words=st.lists(WORDS, max_size=60), data=st.data())
def test_no_word_is_lost_or_said_twice_however_the_text_arrives(
    words: list[str], data: st.DataObject
) -> None:
    text = " ".join(words)
    points = data.draw(st.lists(st.integers(0, len(text)), max_size=20).map(sorted))
    pieces = [text[a:b] for a, b in zip([0, *points], [*points, len(text)], strict=True)]
    clauses = cut(*pieces)
    said, letters = "".join(clauses).replace(" ", ""), text.replace(" ", "")
    assert letters.startswith(said)
    assert not any(letter.isalnum() for letter in letters[len(said) :])
    assert clauses == cut(text)
    assert all(any(letter.isalnum() for letter in clause) for clause in clauses)
