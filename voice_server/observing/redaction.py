"""What is kept out of logs and captures: secrets always, words and sound if the settings say so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SECRET = "[secret]"
SECRETS = {"token", "api_key"}
SOUND = "[sound]"
"""In place of sound inside a message, as Realtime sends it: it has a file of its own, or may not be kept."""
WORDS = {
    "apology", "arguments", "content", "delta", "description", "greeting", "heard", "instructions", "output",
    "problem", "prompt", "text", "transcript",
}  # fmt: skip
"""The fields of messages, events and commands that hold what people or models said."""
_LETTER = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Redaction:
    """What may be written down."""

    words: bool = True
    sound: bool = True

    def applied(self, value: Any) -> Any:
        """The same JSON without secrets and sound; without words, if they may not be kept.

        A hidden text keeps its spaces and its marks, so that one still sees clauses and lengths.
        """
        if isinstance(value, dict):
            return {name: self._field(name, item) for name, item in value.items()}
        return [self.applied(item) for item in value] if isinstance(value, list) else value

    @property
    def left_out(self) -> list[str]:
        """The names of what is left out."""
        return [name for name, kept in (("words", self.words), ("sound", self.sound)) if not kept]

    def _field(self, name: str, value: Any) -> Any:
        if name in SECRETS and isinstance(value, str):
            return SECRET
        if name == "audio" and isinstance(value, str):
            return SOUND
        if not self.words and (name in WORDS or (name == "error" and isinstance(value, str))):
            return hidden(value)
        return self.applied(value)


def hidden(value: Any) -> Any:
    """Every letter and digit of every string as `x`."""
    if isinstance(value, str):
        return _LETTER.sub("x", value)
    if isinstance(value, dict):
        return {name: hidden(item) for name, item in value.items()}
    return [hidden(item) for item in value] if isinstance(value, list) else value
