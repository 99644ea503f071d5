"""The words for what belongs in a place."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from voice_server.protocol.schema import Outline


class Inner(BaseModel):
    """Of the class."""

    depth: Annotated[int, Field(ge=0)] = 0


class Example(BaseModel):
    const: Literal["a"]
    choice: Literal["a", "b"] | None = None
    any: JsonValue = None
    flag: bool
    text: str
    some: Annotated[str, Field(min_length=1)]
    short: Annotated[str, Field(max_length=9)]
    both: Annotated[str, Field(min_length=2, max_length=9)]
    shape: Annotated[str, Field(pattern="^x$")]
    number: float
    bounded: Annotated[float, Field(ge=0, le=1)] | None = None
    inner: Annotated[Inner | None, Field(description="Of the field.")] = None
    plain: Inner
    items: Annotated[list[Inner], Field(max_length=3)]
    free: list[int]


OUTLINE = Outline(TypeAdapter(Example))


@pytest.mark.parametrize(
    ("path", "phrase"),
    [
        (["const"], '"a"'),
        (["choice"], 'one of "a", "b"'),
        (["any"], "any JSON value"),
        (["flag"], "true or false"),
        (["text"], "a string"),
        (["some"], "a string that is not empty"),
        (["short"], "a string of at most 9 characters"),
        (["both"], "a string of 2 to 9 characters"),
        (["shape"], "a string that matches `^x$`"),
        (["number"], "a number"),
        (["bounded"], "a number from 0 to 1"),
        (["inner"], "an object"),
        (["inner", "depth"], "a whole number of 0 or more"),
        (["items"], "a list of at most 3"),
        (["items", 2, "depth"], "a whole number of 0 or more"),
        (["free"], "a list"),
        (["free", 0], "a whole number"),
        (["any", "deep", 3], "any JSON value"),
    ],
)
def test_the_phrase_for_a_place(path: list[str | int], phrase: str) -> None:
    assert OUTLINE.phrase(OUTLINE.at(OUTLINE.root, path)) == phrase


def test_a_field_is_described_by_itself_before_its_class() -> None:
    assert OUTLINE.at(OUTLINE.root, ["inner"])["description"] == "Of the field."
    assert OUTLINE.at(OUTLINE.root, ["plain"])["description"] == "Of the class."
