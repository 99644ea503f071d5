"""The server's events as JSON objects, one function for each shape; `event_id` is added as they leave.

What is spelled with care here is what strict clients refuse: no null where a key may be absent, `transcript`
always on `input_audio`, `name` on finished function calls, parts that are `audio` and not `output_audio`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voice_server.errors import ProtocolError

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a response something belongs."""

    response_id: str
    item_id: str
    output_index: int

    def fields(self) -> Frame:
        """As every event about it names it."""
        return {
            "response_id": self.response_id,
            "item_id": self.item_id,
            "output_index": self.output_index,
        }


def error(problem: ProtocolError) -> Frame:
    """The client's own event is named, where it gave its id."""
    body = {"type": "invalid_request_error", "code": problem.code, "message": problem.message}
    if problem.field is not None:
        body["param"] = problem.field
    if problem.in_reply_to is not None:
        body["event_id"] = problem.in_reply_to
    return {"type": "error", "error": body}


def session(kind: str, body: Frame) -> Frame:
    """`session.created` or `session.updated`."""
    return {"type": f"session.{kind}", "session": body}


def item(kind: str, body: Frame, previous: str | None) -> Frame:
    """`conversation.item.added` or `conversation.item.done`."""
    return {"type": f"conversation.item.{kind}", "previous_item_id": previous, "item": dict(body)}


def retrieved(body: Frame) -> Frame:
    """The answer to `conversation.item.retrieve`."""
    return {"type": "conversation.item.retrieved", "item": body}


def truncated(item_id: str, content_index: int, audio_end_ms: int) -> Frame:
    """The answer to `conversation.item.truncate`."""
    place = {"item_id": item_id, "content_index": content_index}
    return {"type": "conversation.item.truncated", **place, "audio_end_ms": audio_end_ms}


def deleted(item_id: str) -> Frame:
    """The answer to `conversation.item.delete`."""
    return {"type": "conversation.item.deleted", "item_id": item_id}


def speech_started(item_id: str, audio_start_ms: int) -> Frame:
    """Someone speaks, and the assistant does not."""
    return {
        "type": "input_audio_buffer.speech_started",
        "audio_start_ms": audio_start_ms,
        "item_id": item_id,
    }


def speech_stopped(item_id: str, audio_end_ms: int) -> Frame:
    """Silence."""
    return {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": audio_end_ms, "item_id": item_id}


def committed(item_id: str, previous: str | None) -> Frame:
    """The sound so far is an item."""
    return {"type": "input_audio_buffer.committed", "previous_item_id": previous, "item_id": item_id}


def timeout_triggered(item_id: str, audio_start_ms: int, audio_end_ms: int) -> Frame:
    """Nobody spoke between these, after an answer."""
    kind = "input_audio_buffer.timeout_triggered"
    return {"type": kind, "item_id": item_id, "audio_start_ms": audio_start_ms, "audio_end_ms": audio_end_ms}


def cleared() -> Frame:
    """The sound so far is forgotten."""
    return {"type": "input_audio_buffer.cleared"}


def transcription(kind: str, item_id: str, **fields: Any) -> Frame:
    """`delta`, `completed` or `failed`, of what the user said."""
    place = {"item_id": item_id, "content_index": 0}
    return {"type": f"conversation.item.input_audio_transcription.{kind}", **place, **fields}


def response(kind: str, body: Frame) -> Frame:
    """`response.created` or `response.done`."""
    return {"type": f"response.{kind}", "response": body}


def output_item(kind: str, place: Place, body: Frame) -> Frame:
    """`response.output_item.added` or `.done`."""
    where = {"response_id": place.response_id, "output_index": place.output_index}
    return {"type": f"response.output_item.{kind}", **where, "item": dict(body)}


def content(kind: str, place: Place, **fields: Any) -> Frame:
    """What happens to the one content part of a message: `output_text.delta` and its like."""
    return {"type": f"response.{kind}", **place.fields(), "content_index": 0, **fields}


def arguments(kind: str, place: Place, call_id: str, **fields: Any) -> Frame:
    """`delta` or `done`, of a function call's arguments."""
    kind = f"response.function_call_arguments.{kind}"
    return {"type": kind, **place.fields(), "call_id": call_id, **fields}


def output_buffer(kind: str, response_id: str) -> Frame:
    """`output_audio_buffer.started`, `.stopped` or `.cleared`: of calls, whose sound goes another way."""
    return {"type": f"output_audio_buffer.{kind}", "response_id": response_id}
