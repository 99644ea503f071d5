"""What all wire messages share: strictness, and the types that several of them use.

Docstrings of messages, and below fields, are part of the protocol: the reference is generated from them.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema

from voice_server.protocol.limits import MAX_NAME_CHARS, MAX_TEXT_CHARS, SAFE_INTEGER, U32_MAX


class Wire(BaseModel):
    """Frozen, without coercion ("1" is no number, true is no integer), and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _number(value: Any) -> int | float:
    """A plain union of int and float would put the branch that failed into the error's path."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("expected a number")
    return value


U32 = Annotated[int, Field(ge=0, le=U32_MAX)]
Count = Annotated[int, Field(ge=0, le=SAFE_INTEGER)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT_CHARS)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_CHARS)]
Instant = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
"""A reading of the sender's own clock, given back exactly as it came: whole or not."""
