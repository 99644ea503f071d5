"""What the sections of the settings are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _split(value: Any) -> Any:
    return [key.strip() for key in value.split(",") if key.strip()] if isinstance(value, str) else value


Milliseconds = Annotated[int, Field(ge=1)]
Keys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
"""In a variable of the environment they are separated by commas."""
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
