"""What messages are called on the wire, for labels: cheaper than making the message."""

from __future__ import annotations

import re

from voice_server.core import commands
from voice_server.ports import Notice, Opened, Pinged, Ponged, Refused, Resumed

AUDIO = "audio"
UNREADABLE = "unreadable"
CLIENT_TYPES = frozenset(
    {
        "ack", "context.add", "interrupt", "ping", "playback", "pong", "session.end", "session.start",
        "session.update", "tool.result", "turn.commit", "turn.start", "user.text",
    }
)  # fmt: skip
"""A client may send anything as a type: what is not here is not worth a label of its own."""
_SERVER_TYPES: dict[type[commands.Fact | Notice], str] = {
    Opened: "session.started",
    Resumed: "session.resumed",
    Pinged: "ping",
    Ponged: "pong",
    Refused: "error",
    commands.TurnOpened: "speech.started",
    commands.TurnPaused: "speech.stopped",
    commands.TranscriptRevised: "transcript.partial",
    commands.TranscriptCommitted: "transcript.final",
    commands.ResponseBegan: "response.started",
    commands.TextAdded: "response.text",
    commands.WordsPlaced: "response.words",
    commands.ResponseStopped: "response.stop",
    commands.ResponseResumed: "response.resume",
    commands.ResponseEnded: "response.done",
    commands.ConfigChanged: "session.updated",
    commands.Trouble: "error",
    commands.SessionEnded: "session.ended",
}
_TYPE = re.compile(r'"type"\s*:\s*"([a-z.]{1,32})"')


def received_type(data: str | bytes) -> str:
    """Of what a client sent."""
    if isinstance(data, bytes):
        return AUDIO
    found = _TYPE.search(data, 0, 4_096)
    return found[1] if found and found[1] in CLIENT_TYPES else UNREADABLE


def sent_type(item: commands.Fact | Notice) -> str:
    """Of what a client was told."""
    return _SERVER_TYPES.get(type(item), type(item).__name__)
