"""Leaving out the oldest of a conversation, so that it fits a model's context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voice_server.core.conversation import Message

BYTES_PER_TOKEN = 4
"""Of English, in the vocabularies of today; other scripts have fewer, so that a model may still refuse."""
TOKENS_PER_MESSAGE = 8
"""For the marks that a chat template puts around a message."""


def estimated_tokens(messages: Sequence[Message]) -> int:
    """About how many tokens the messages are."""
    return sum(TOKENS_PER_MESSAGE + len(_encoded(m)) // BYTES_PER_TOKEN for m in messages)


def fitted(messages: Sequence[Message], room_tokens: int) -> tuple[Message, ...]:
    """System messages and as many of the latest others as fit; the last one always, its end if need be."""
    if estimated_tokens(messages) <= room_tokens or not messages:
        return tuple(messages)
    *earlier, last = messages
    kept = [message for message in earlier if message.role == "system"]
    room = room_tokens - estimated_tokens([*kept, last])
    if room <= 0:
        return (*kept, _tail(last, max(1, room_tokens - estimated_tokens(kept) - TOKENS_PER_MESSAGE)))
    return (*kept, *_latest(earlier, room), last)


def _latest(messages: Sequence[Message], room: int) -> list[Message]:
    latest: list[Message] = []
    for message in reversed(messages):
        if message.role == "system":
            continue
        room -= estimated_tokens([message])
        if room < 0:
            break
        latest.insert(0, message)
    return latest


def _tail(message: Message, tokens: int) -> Message:
    """The end of it; a character that is cut in two is left out."""
    tail = _encoded(message)[-tokens * BYTES_PER_TOKEN :]
    return replace(message, content=tail.decode(errors="ignore"))


def _encoded(message: Message) -> bytes:
    return message.content.encode(errors="replace")
