"""Calls of tools that arrive in pieces, as OpenAI's chat completions stream them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voice_server.core.tools import ToolCall


@dataclass(slots=True)
class _Growing:
    id: str = ""
    name: str = ""
    arguments: str = ""


class CallDeltas:
    """Puts them together. Nothing that comes is trusted to have the right form; what has none is left out."""

    def __init__(self) -> None:
        self._calls: dict[int, _Growing] = {}

    def add(self, deltas: Any) -> None:
        """What one event of the stream brought: `choices[0].delta.tool_calls`, as plain JSON."""
        for delta in deltas if isinstance(deltas, list) else []:
            if isinstance(delta, dict):
                self._add(delta)

    def finished(self) -> list[ToolCall]:
        """The calls, in order, now that the stream is over."""
        calls = [self._calls[index] for index in sorted(self._calls)]
        return [ToolCall(call.id, call.name, call.arguments) for call in calls if call.name]

    def _add(self, delta: dict[str, Any]) -> None:
        call = self._calls.setdefault(self._index(delta), _Growing())
        function = delta.get("function")
        pieces = function if isinstance(function, dict) else {}
        call.id = call.id or _text(delta.get("id"))
        call.name += _text(pieces.get("name"))
        call.arguments += _text(pieces.get("arguments"))

    def _index(self, delta: dict[str, Any]) -> int:
        """Some servers leave it out: then an id begins a call, and what has none goes on with the last."""
        index = delta.get("index")
        if isinstance(index, int):
            return index
        last = max(self._calls, default=-1)
        return last + 1 if delta.get("id") or last < 0 else last


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
