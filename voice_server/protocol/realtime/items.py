"""The items of a conversation as the client was told of them: what `retrieve` shows, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall
from voice_server.errors import ProtocolError
from voice_server.protocol.realtime.client_events import (
    Creatable,
    FunctionCallItem,
    FunctionOutputItem,
    MessageItem,
    Part,
)
from voice_server.protocol.realtime.parsing import INVALID_VALUE

FRONT = "root"
"""`previous_item_id` of what is to come first."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `key`: what the core's history calls it, if it is in there."""

    body: dict[str, Any]
    """As the API shows it."""
    key: str | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.body["id"])


class Items:
    """In the order of the conversation."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __contains__(self, item_id: str) -> bool:
        return self.get(item_id) is not None

    def get(self, item_id: str) -> Item | None:
        """The item with this id."""
        return next((item for item in self._items if item.id == item_id), None)

    def put(self, item: Item, after: str | None = None) -> str | None:
        """Add it after this one, at the front, or (None) at the end. Returns the id of the item before it."""
        ids = [known.id for known in self._items]
        place = 0 if after == FRONT else ids.index(after) + 1 if after in ids else len(ids)
        self._items.insert(place, item)
        return ids[place - 1] if place else None

    def change(self, item: Item) -> None:
        """It is like this now, in its own place; one that was taken out stays out."""
        self._items = [item if known.id == item.id else known for known in self._items]

    def before(self, item_id: str) -> str | None:
        """The id of the item before this one."""
        ids = [item.id for item in self._items]
        place = ids.index(item_id) if item_id in ids else len(ids)
        return ids[place - 1] if place else None

    def remove(self, item_id: str) -> None:
        """Forget it."""
        self._items = [item for item in self._items if item.id != item_id]


def created(item: Creatable, item_id: str) -> Item:
    """What a client added. Raises ProtocolError where there is nothing in it that a text model could read."""
    match item:
        case MessageItem():
            message_of(item)
            content = [_shown(part, item.role) for part in item.content]
            return Item(message_body(item_id, item.role, content), item_id)
        case FunctionCallItem():
            body = function_body(item_id, item.call_id or item_id, item.name, item.arguments)
            return Item(body, item_id)
        case FunctionOutputItem():
            body = {"id": item_id, "type": item.type, "status": "completed"}
            return Item(body | {"call_id": item.call_id, "output": item.output}, item_id)


def message_of(item: Creatable) -> Message:
    """What the language model is told of it. Raises ProtocolError as `created` does."""
    match item:
        case MessageItem():
            return Message(item.role, " ".join(_text(part, place) for place, part in enumerate(item.content)))
        case FunctionCallItem():
            call = ToolCall(item.call_id or item.id or "", item.name, item.arguments)
            return Message("assistant", "", calls=(call,))
        case FunctionOutputItem():
            return Message("tool", item.output, call=item.call_id)


def message_body(
    item_id: str, role: str, content: list[dict[str, Any]], status: str = "completed"
) -> dict[str, Any]:
    """A message as the API shows it."""
    return {"id": item_id, "type": "message", "status": status, "role": role, "content": content}


def function_body(
    item_id: str, call_id: str, name: str, arguments: str, status: str = "completed"
) -> dict[str, Any]:
    """A function call as the API shows it."""
    body = {"id": item_id, "type": "function_call", "status": status}
    return body | {"call_id": call_id, "name": name, "arguments": arguments}


def turn_key(turn: int) -> str:
    """What the core's history calls a turn of the user."""
    return f"turn:{turn}"


def response_key(response: int) -> str:
    """What the core's history calls an answer."""
    return f"response:{response}"


def call_key(call: str) -> str:
    """What the core's history calls a function call that was made here."""
    return f"call:{call}"


def result_key(call: str) -> str:
    """What the core's history calls what that function gave."""
    return f"result:{call}"


def _text(part: Part, place: int) -> str:
    text = part.transcript if part.text is None else part.text
    if text is None:
        why = (
            f"Content of type '{part.type}' needs text or a transcript: this server's model reads only text."
        )
        raise ProtocolError(INVALID_VALUE, why, field=f"item.content.{place}")
    return text


def _shown(part: Part, role: str) -> dict[str, Any]:
    if part.type in ("input_audio", "output_audio", "audio"):
        kind = "output_audio" if role == "assistant" else "input_audio"
        return {"type": kind, "transcript": part.transcript}
    return {"type": "output_text" if role == "assistant" else "input_text", "text": part.text}
