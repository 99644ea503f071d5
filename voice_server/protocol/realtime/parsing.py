"""From a text frame to a client's event, or to the error that the API documents for it."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from voice_server.errors import ProtocolError
from voice_server.protocol.realtime.client_events import ClientEvent
from voice_server.protocol.realtime.session_patch import SessionPatch

Model = TypeVar("Model", bound=BaseModel)

INVALID_VALUE = "invalid_value"
INVALID_TYPE = "invalid_type"
MISSING = "missing_required_parameter"
INVALID_JSON = "invalid_json"
MAX_SHOWN_CHARS = 100

_EVENTS: TypeAdapter[ClientEvent] = TypeAdapter(Annotated[ClientEvent, Field(discriminator="type")])
_KINDS = {
    "type",
    "string_type",
    "int_type",
    "bool_type",
    "dict_type",
    "tuple_type",
    "model_type",
    "float_type",
}


def parse_event(text: str) -> ClientEvent:
    """The event. Raises ProtocolError; its `in_reply_to` is the client's `event_id`, if it gave one."""
    try:
        return _EVENTS.validate_json(text)
    except ValidationError as error:
        raise _complaint(error, text) from None


def parse_session(session: Any) -> SessionPatch:
    """`session` of a client secret. Raises ProtocolError as `parse_event` does."""
    try:
        return SessionPatch.model_validate_json(json.dumps(session))
    except ValidationError as error:
        raise _complaint(error, json.dumps({"session": session}), ("", "session")) from None


def _complaint(error: ValidationError, text: str, before: tuple[str, ...] = ()) -> ProtocolError:
    """`before`: what the path begins with, where only a part was validated."""
    details = error.errors(include_url=False)[0]
    event = _loosely(text)
    kind, event_id = details["type"], event.get("event_id")
    in_reply_to = event_id if isinstance(event_id, str) else None
    if kind in ("json_invalid", "json_type"):
        return ProtocolError(INVALID_JSON, "The frame is not valid JSON: one object was expected.")
    tag = ["type"] if kind.startswith("union_tag") else []
    param = ".".join(_path((*before, *details["loc"]), event) + tag) or "type"
    shown = _shown(details["input"])
    if kind in ("missing", "union_tag_not_found"):
        code, why = MISSING, f"Missing required parameter: '{param}'."
    elif kind in _KINDS:
        code, why = INVALID_TYPE, f"Invalid type for '{param}': {details['msg']}, but got {shown}."
    elif kind == "union_tag_invalid" and not details["loc"]:
        code, why = INVALID_VALUE, f"Invalid value: {_shown(event.get('type'))}. {details['msg']}."
    else:
        code, why = INVALID_VALUE, f"Invalid value for '{param}': {shown}. {details['msg']}."
    return ProtocolError(code, why, field=param, in_reply_to=in_reply_to)


def _path(loc: tuple[str | int, ...], event: dict[str, Any]) -> list[str]:
    """Without the branches of unions, which pydantic puts into the path and no client has written."""
    steps: list[str] = []
    place: Any = event
    for step in loc[1:]:
        tag = isinstance(place, dict) and step not in place and step == place.get("type")
        if tag or not isinstance(place, (dict, list)):
            continue
        steps.append(str(step))
        place = _inner(place, step)
    return steps


def _inner(place: Any, step: str | int) -> Any:
    if isinstance(place, dict):
        return place.get(str(step))
    return place[step] if isinstance(place, list) and isinstance(step, int) and step < len(place) else None


def _loosely(text: str) -> dict[str, Any]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"
