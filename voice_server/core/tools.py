"""What a tool is, and one call of it: functions of the client or the server that the model may call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Speak = Literal["now", "when_idle", "never"]
"""News is spoken about at the next clause boundary, when nobody speaks, or not at all."""

OnBargeIn = Literal["finish", "cancel"]
"""What becomes of a running call when the user speaks instead."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function that the model may call."""

    name: str
    description: str
    parameters: str
    """JSON Schema of the arguments, as compact JSON text: an object schema."""
    on_barge_in: OnBargeIn = "finish"
    timeout_ms: int | None = None
    """After so long without its result a call has failed. None: the policy's limit."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants a tool run. Adapters may leave `id` empty: the core gives each call its own."""

    id: str
    name: str
    arguments: str
    """An object, as JSON text; as the model wrote it, until it was checked."""


NOTE_CHARS = 100
"""What says that a text was shortened is shorter, and is not shortened itself."""


def shortened(text: str, limit_chars: int) -> str:
    """The text, or its beginning and how long it was: a model reads no more than its context holds."""
    if len(text) <= limit_chars + NOTE_CHARS:
        return text
    return f"{text[:limit_chars]} … (shortened: the first {limit_chars} of {len(text)} characters)"
