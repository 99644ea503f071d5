"""Leaving out the oldest of a conversation, so that it fits a model's context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voice_server.core.conversation import Message, exchanges

BYTES_PER_TOKEN = 4
"""Of English, in the vocabularies of today; other scripts have fewer, so that a model may still refuse."""
TOKENS_PER_MESSAGE = 8
"""For the marks that a chat template puts around a message."""


def estimated_tokens(messages: Sequence[Message]) -> int:
    """About how many tokens the messages are."""
    return sum(TOKENS_PER_MESSAGE + len(_encoded(m)) // BYTES_PER_TOKEN for m in messages)


def fitted(messages: Sequence[Message], room_tokens: int) -> tuple[Message, ...]:
    """The instructions at the head, and as many of the latest messages as fit, without a gap.

    Calls of tools and their results stay together. The last message is always there, its end if need be.
    """
    if estimated_tokens(messages) <= room_tokens or not messages:
        return tuple(messages)
    head = tuple(message for message in messages[:-1][:1] if message.role == "system")
    *earlier, latest = exchanges(messages[len(head) :])
    room = room_tokens - estimated_tokens([*head, *latest])
    if room <= 0:
        before = [*head, *latest[:-1]]
        left = room_tokens - estimated_tokens(before) - TOKENS_PER_MESSAGE
        return (*before, _tail(latest[-1], max(1, left)))
    return (*head, *_latest(earlier, room), *latest)


def _latest(units: Sequence[list[Message]], room: int) -> list[Message]:
    latest: list[Message] = []
    for unit in reversed(units):
        room -= estimated_tokens(unit)
        if room < 0:
            break
        latest = unit + latest
    return latest


def _tail(message: Message, tokens: int) -> Message:
    """The end of it; a character that is cut in two is left out."""
    tail = message.content.encode(errors="replace")[-tokens * BYTES_PER_TOKEN :]
    return replace(message, content=tail.decode(errors="ignore"))


def _encoded(message: Message) -> bytes:
    calls = "".join(call.name + call.arguments for call in message.calls)
    return (message.content + calls).encode(errors="replace")
