"""What a client of the Realtime API sends: its eleven events, tagged by `type`.

Unlike `voice.v1`, fields that nobody knows are ignored: the API grows, and its clients send what is new.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from voice_server.protocol.limits import MAX_NAME_CHARS, MAX_TEXT_CHARS
from voice_server.protocol.realtime.session_patch import MaxOutputTokens, Modality, SessionPatch, Tool

Id = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
Milliseconds = Annotated[int, Field(ge=0)]
Long = Annotated[str, Field(max_length=8 * MAX_TEXT_CHARS)]


class Incoming(BaseModel):
    """Frozen, without coercion, and lenient about fields that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    event_id: str | None = None


class SessionUpdate(Incoming):
    """Changes the session: what is absent stays, null turns off."""

    type: Literal["session.update"]
    session: SessionPatch


class Append(Incoming):
    """More of the user's sound."""

    type: Literal["input_audio_buffer.append"]
    audio: str
    """Base64, in the session's input format."""


class Commit(Incoming):
    """What was appended is a turn of the user."""

    type: Literal["input_audio_buffer.commit"]


class Clear(Incoming):
    """What was appended is not wanted."""

    type: Literal["input_audio_buffer.clear"]


class Part(BaseModel):
    """A piece of a message's content."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    type: Literal["input_text", "input_audio", "input_image", "output_text", "output_audio", "text", "audio"]
    text: Long | None = None
    transcript: Long | None = None


class MessageItem(BaseModel):
    """Something that was said."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    type: Literal["message"]
    id: Id | None = None
    role: Literal["user", "assistant", "system"]
    content: tuple[Part, ...]


class FunctionCallItem(BaseModel):
    """A function that the assistant called."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    type: Literal["function_call"]
    id: Id | None = None
    call_id: Id | None = None
    name: Id
    arguments: Long = "{}"


class FunctionOutputItem(BaseModel):
    """What a function gave."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    type: Literal["function_call_output"]
    id: Id | None = None
    call_id: Id
    output: Long


class ItemReference(BaseModel):
    """An item that is there already; only in the input of a response."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    type: Literal["item_reference"]
    id: Id


Creatable = MessageItem | FunctionCallItem | FunctionOutputItem


class ItemCreate(Incoming):
    """Adds an item to the conversation, after another, or at its end."""

    type: Literal["conversation.item.create"]
    previous_item_id: str | None = None
    item: Annotated[Creatable, Field(discriminator="type")]


class ItemRetrieve(Incoming):
    """Asks for an item."""

    type: Literal["conversation.item.retrieve"]
    item_id: str


class ItemTruncate(Incoming):
    """Says how much of an answer was heard."""

    type: Literal["conversation.item.truncate"]
    item_id: str
    content_index: Milliseconds = 0
    audio_end_ms: Milliseconds


class ItemDelete(Incoming):
    """Takes an item out of the conversation."""

    type: Literal["conversation.item.delete"]
    item_id: str


class ResponsePatch(BaseModel):
    """What one response wants that differs from the session's."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    conversation: str | None = None
    input: tuple[Annotated[Creatable | ItemReference, Field(discriminator="type")], ...] | None = None
    instructions: Long | None = None
    output_modalities: tuple[Modality, ...] | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: Any = None
    max_output_tokens: MaxOutputTokens | None = None
    metadata: dict[str, JsonValue] | None = None


class ResponseCreate(Incoming):
    """Asks the assistant to speak."""

    type: Literal["response.create"]
    response: ResponsePatch = ResponsePatch()


class ResponseCancel(Incoming):
    """The stop button."""

    type: Literal["response.cancel"]
    response_id: str | None = None


class OutputClear(Incoming):
    """Drops what has not sounded yet; over WebRTC."""

    type: Literal["output_audio_buffer.clear"]


ClientEvent = (
    SessionUpdate
    | Append
    | Commit
    | Clear
    | ItemCreate
    | ItemRetrieve
    | ItemTruncate
    | ItemDelete
    | ResponseCreate
    | ResponseCancel
    | OutputClear
)
