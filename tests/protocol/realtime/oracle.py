"""The judge of every event that the server sends to a Realtime client: the openai package's own types.

Its client parses loosely; this is strict, and also refuses what only other clients refuse.
"""

from __future__ import annotations

import json
from typing import Any

from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from voice_server.protocol.realtime.frames import Frame

_EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
MAY_BE_NULL = {
    "conversation_id", "include", "language", "metadata", "noise_reduction", "previous_item_id", "prompt",
    "idle_timeout_ms", "status_details", "tracing", "transcript", "transcription", "turn_detection", "usage",
}  # fmt: skip
"""Elsewhere a null is refused by the JavaScript clients: an absent key is left out."""


def judged(frame: Frame) -> Frame:
    """The frame, if it is as it should be. Raises ValidationError or AssertionError."""
    _EVENTS.validate_json(json.dumps(frame), strict=True)
    assert _nulls(frame) <= MAY_BE_NULL, frame
    return frame


def judged_all(frames: list[Frame]) -> list[Frame]:
    """Each of them."""
    return [judged(frame) for frame in frames]


def _nulls(value: Any) -> set[str]:
    if isinstance(value, dict):
        here = {name for name, inner in value.items() if inner is None}
        return here.union(*(_nulls(inner) for inner in value.values()))
    return set().union(*map(_nulls, value)) if isinstance(value, list) else set()
