"""Text frames to messages and back. What cannot be read is a `ProtocolError` that names the place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from voice_server.errors import ProtocolError
from voice_server.protocol.client_messages import ClientMessage, SessionResume, SessionStart
from voice_server.protocol.codes import CloseCode, ErrorCode
from voice_server.protocol.complaints import complaint
from voice_server.protocol.limits import MAX_MESSAGE_BYTES
from voice_server.protocol.schema import Outline
from voice_server.protocol.server_messages import ServerMessage
from voice_server.protocol.wire import Count, Wire

CLIENT_MESSAGES: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)
SERVER_MESSAGES: TypeAdapter[ServerMessage] = TypeAdapter(
    Annotated[ServerMessage, Field(discriminator="type")]
)


@cache
def client_outline() -> Outline:
    """The schema of the client's messages, made when it is first needed."""
    return Outline(CLIENT_MESSAGES)


def decode(text: str) -> ClientMessage:
    """Read one message of a client.

    Raises ProtocolError, fatal only when the frame is too large.
    """
    _check_size(text)
    try:
        return CLIENT_MESSAGES.validate_json(text)
    except ValidationError as error:
        raise complaint(error, client_outline()) from None


def first_message(data: str | bytes) -> SessionStart | SessionResume:
    """Read the frame that a connection begins with. Raises ProtocolError; every one is fatal."""
    try:
        if isinstance(data, bytes):
            raise ProtocolError(ErrorCode.BAD_MESSAGE, "expected session.start or session.resume, got audio")
        message = decode(data)
        if not isinstance(message, SessionStart | SessionResume):
            raise _not_first(message)
        return message
    except ProtocolError as problem:
        raise fatal(problem, CloseCode.BAD_MESSAGE) from None


def fatal(problem: ProtocolError, close_code: CloseCode) -> ProtocolError:
    """The same problem, ending the connection; with its own close code if it has one."""
    return ProtocolError(
        problem.code,
        problem.message,
        field=problem.field,
        close_code=problem.close_code or close_code,
        in_reply_to=problem.in_reply_to,
    )


def encode(message: ServerMessage, seq: int, t_ms: int) -> str:
    """Compact JSON; fields without a value are left out. `t_ms` is on the session clock."""
    body = message.__pydantic_serializer__.to_json(message, exclude_none=True)
    return f'{body[:-1].decode()},"seq":{seq},"t_ms":{t_ms}}}'


def encode_client(message: ClientMessage) -> str:
    """What a client sends: compact JSON; fields without a value are left out."""
    return message.__pydantic_serializer__.to_json(message, exclude_none=True).decode()


@dataclass(frozen=True, slots=True)
class Received:
    """A server's message as a client reads it."""

    message: ServerMessage
    seq: int
    t_ms: int


class _Stamp(Wire):
    seq: Count
    t_ms: Count


def decode_server(text: str) -> Received:
    """Read one message of a server. Unknown fields are passed over, so that servers may grow.

    Raises ValueError for what is no message of this protocol.
    """
    stamp = _Stamp.model_validate_json(text, extra="ignore")
    return Received(SERVER_MESSAGES.validate_json(text, extra="ignore"), stamp.seq, stamp.t_ms)


def _check_size(text: str) -> None:
    size = len(text) if text.isascii() else len(text.encode(errors="replace"))
    if size > MAX_MESSAGE_BYTES:
        raise ProtocolError(
            ErrorCode.TOO_LARGE,
            f"the message has {size} bytes; at most {MAX_MESSAGE_BYTES} are read",
            close_code=CloseCode.TOO_LARGE,
        )


def _not_first(message: ClientMessage) -> ProtocolError:
    return ProtocolError(
        ErrorCode.BAD_MESSAGE,
        f"expected session.start or session.resume, got {message.type}",
        field="type",
        in_reply_to=message.type,
    )
