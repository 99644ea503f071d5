"""What the calculator computes, and what it does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.tools.arithmetic import LONGEST, calculated, spoken


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("17*23", 391),
        (" 2 + 3 * (4 - 1) ", 11),
        ("7 / 2", 3.5),
        ("7 // 2 + 7 % 4", 6),
        ("-(-3)", 3),
        ("2^10", 1024),
        ("6 × 7 ÷ 2", 21.0),
        ("sqrt(16) + abs(-1)", 5.0),
        ("2*pi", math.tau),
        ("(" * 99 + "1" + ")" * 99, 1),
    ],
)
def test_arithmetic(expression: str, value: float) -> None:
    assert calculated(expression) == value


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("", "not arithmetic"),
        ("two plus two", "not arithmetic"),
        ("__import__('os').getcwd()", "not arithmetic"),
        ("().__class__", "not arithmetic"),
        ("open('x')", "not arithmetic"),
        ("sqrt", "not arithmetic"),
        ("sqrt(1, 2)", "not arithmetic"),
        ("'a' * 9", "not arithmetic"),
        ("True + 1", "not arithmetic"),
        ("[1 for _ in [1]]", "not arithmetic"),
        ("1 if 1 else 2", "not arithmetic"),
        ("x := 1", "not arithmetic"),
        ("2j", "not arithmetic"),
        ("1/0", "divides by zero"),
        ("0**-1", "divides by zero"),
        ("9**9**9**9", "too large"),
        ("1e308*10", "too large"),
        ("exp(1000)", "too large"),
        ("(-2)**0.5", "root of a negative number"),
        ("sqrt(-1)", "math domain error"),
        ("10**-5000", "too large"),
        ("-" * 199 + "(" * 1, "not arithmetic"),
        ("1" * (LONGEST + 1), "200 characters"),
        ("1\x00", "null|not arithmetic"),
    ],
)
def test_what_is_no_arithmetic_or_has_no_value(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        calculated(expression)


@given(st.text(max_size=40) | st.text("0123456789+-*/().^% e", max_size=60))
def test_whatever_is_written_ends_in_a_number_or_a_value_error(expression: str) -> None:
    try:
        value = calculated(expression)
    except ValueError:
        return
    assert isinstance(value, int) or math.isfinite(value)


@pytest.mark.parametrize(
    ("value", "said"), [(391, "391"), (3.5, "3.5"), (21.0, "21"), (1 / 3, "0.3333333333"), (-0.5, "-0.5")]
)
def test_numbers_are_said_as_a_person_says_them(value: float, said: str) -> None:
    assert spoken(value) == said
