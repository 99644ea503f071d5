"""What messages are called on the wire, for labels: cheaper than reading the message."""

from __future__ import annotations

import re

AUDIO = "audio"
UNREADABLE = "unreadable"
CLIENT_TYPES = frozenset(
    {
        "ack", "context.add", "interrupt", "ping", "playback", "pong", "session.end", "session.start",
        "session.update", "tool.result", "turn.commit", "turn.start", "user.text",
    } | {
        "conversation.item.create", "conversation.item.delete", "conversation.item.retrieve",
        "conversation.item.truncate", "input_audio_buffer.append", "input_audio_buffer.clear",
        "input_audio_buffer.commit", "output_audio_buffer.clear", "response.cancel", "response.create",
    }
)  # fmt: skip
"""Of `voice.v1` and of Realtime. Clients may send anything: what is not here is worth no label of its own."""
_TYPE = re.compile(r'"type"\s*:\s*"([a-z._]{1,64})"')


def received_type(data: str | bytes) -> str:
    """Of what a client sent."""
    if isinstance(data, bytes):
        return AUDIO
    found = _TYPE.search(data, 0, 4_096)
    return found[1] if found and found[1] in CLIENT_TYPES else UNREADABLE


def sent_type(message: str) -> str:
    """Of what a client was told."""
    found = _TYPE.search(message)
    return found[1] if found else UNREADABLE
