"""Where a response can be broken off."""

from __future__ import annotations

import pytest

from voice_server.core.breaths import Breaths


@pytest.fixture
def breaths() -> Breaths:
    """Four clauses, of which two are made."""
    breaths = Breaths()
    for clause in ("It is a quarter", "past ten now.", "The sun is shining,", "and the birds"):
        breaths.add(clause)
    breaths.made(400)
    breaths.made(900)
    return breaths


@pytest.mark.parametrize(
    ("position", "clauses"), [(0, 2), (399, 2), (400, 2), (899, 2), (900, 3), (5_000, 3)]
)
def test_the_next_mark_is_the_place(breaths: Breaths, position: int, clauses: int) -> None:
    assert breaths.next_after(position) == clauses


def test_without_a_mark_there_is_none(breaths: Breaths) -> None:
    breaths.made(1_500)
    assert breaths.next_after(1_500) is None


def test_the_end_is_known_once_it_is_made(breaths: Breaths) -> None:
    assert [breaths.end_of(clauses) for clauses in (1, 2, 3)] == [400, 900, None]
