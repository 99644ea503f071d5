"""From pydantic's account of what is wrong to ours: one code, one field, one sentence."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from voice_server.errors import ProtocolError
from voice_server.protocol.codes import ErrorCode
from voice_server.protocol.schema import Outline, Schema

_SHOWN_CHARS = 40


def complaint(error: ValidationError, outline: Outline) -> ProtocolError:
    """The first thing that is wrong, named. Not fatal: whether it is depends on when the message came."""
    first = error.errors(include_url=False)[0]
    match first["type"]:
        case "json_invalid":
            return ProtocolError(ErrorCode.BAD_JSON, f"not JSON: {first['ctx']['error']}")
        case "string_unicode":
            return ProtocolError(ErrorCode.BAD_JSON, "not JSON: not valid Unicode")
        case "union_tag_not_found":
            return _bad_type(ErrorCode.BAD_MESSAGE, "missing", outline)
        case "union_tag_invalid":
            tag = first["input"]["type"]
            hint = meant(tag, outline.tags) if isinstance(tag, str) else ""
            return _bad_type(ErrorCode.UNKNOWN_TYPE, f"no message has the type {shown(tag)}{hint}", outline)
    if not first["loc"]:
        got = _kind(first["input"])
        return ProtocolError(ErrorCode.BAD_MESSAGE, f"expected an object with a type, got {got}")
    return _bad_field(first, outline)


def meant(word: str, known: Iterable[str]) -> str:
    """A hint when something known is close to `word`, else nothing."""
    close = difflib.get_close_matches(word[:_SHOWN_CHARS], list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def shown(value: Any) -> str:
    """The value as its sender wrote it, shortened."""
    if isinstance(value, dict | list):
        return _kind(value)
    if isinstance(value, str) and len(value) > _SHOWN_CHARS:
        return f"{len(value)} characters"
    return json.dumps(value, ensure_ascii=False)[:_SHOWN_CHARS]


def _kind(value: Any) -> str:
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return "a string"
        case _:
            return shown(value)


def _bad_type(code: ErrorCode, what: str, outline: Outline) -> ProtocolError:
    known = ", ".join(outline.tags)
    return ProtocolError(code, f"type: {what}; the types are {known}", field="type")


def _bad_field(details: ErrorDetails, outline: Outline) -> ProtocolError:
    tag, *path = details["loc"]
    code = ErrorCode.UNKNOWN_FIELD if details["type"] == "extra_forbidden" else ErrorCode.BAD_FIELD
    field = ".".join(str(step) for step in path)
    what = wrong(details, outline, outline.message(str(tag)), path)
    return ProtocolError(code, f"{field}: {what}", field=field, in_reply_to=str(tag))


def wrong(details: ErrorDetails, outline: Outline, root: Schema, path: Sequence[str | int]) -> str:
    """What is wrong at `path` below `root`, and what was expected there. Secrets are not shown."""
    place = outline.at(root, path)
    expected = outline.phrase(place)
    match details["type"]:
        case "extra_forbidden":
            known = outline.at(root, path[:-1]).get("properties", {})
            return "unknown field" + (meant(str(path[-1]), known) or f"; known are {', '.join(known)}")
        case "value_error":
            return str(details["ctx"]["error"])
        case "missing":
            return f"missing; expected {expected}"
        case _:
            secret = place.get("writeOnly", False)
            return f"expected {expected}" + ("" if secret else f", got {shown(details['input'])}")
