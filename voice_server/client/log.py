"""What went over the wire in both directions, and when, on the client's clock."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from voice_server.client.clock import NS_PER_MS
from voice_server.client.wire import LAST_FRAME, AudioFrame

Message = Mapping[str, Any]
"""One JSON object of the protocol."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message or one audio frame."""

    at_ns: int
    from_server: bool
    message: Message
    """Of audio, its description: `{"type": "audio", …}`."""
    frame: AudioFrame | None = None
    """The audio itself, when it came from the server."""

    @property
    def type(self) -> str:
        """The message's type; `audio` for a frame."""
        return str(self.message.get("type"))


def described(frame: AudioFrame) -> Message:
    """A frame without its samples."""
    return {
        "type": "audio",
        "response": frame.response,
        "position": frame.position,
        "samples": len(frame.samples),
        "flags": LAST_FRAME if frame.last else 0,
    }


@dataclass(slots=True)
class Log:
    """Entries in the order in which they went over the wire."""

    entries: list[Entry] = field(default_factory=list)
    zero_ns: int | None = None
    """When the microphone began: time zero of the session. None before that."""
    _received: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def add(self, entry: Entry) -> Entry:
        """Append, and return, one entry."""
        self.entries.append(entry)
        if entry.from_server:
            self._received[entry.type].append(entry)
        return entry

    def received(self, *types: str) -> Sequence[Entry]:
        """What the server sent of these types, in order."""
        if len(types) == 1:
            return self._received.get(types[0], ())
        return [entry for entry in self.entries if entry.from_server and entry.type in types]

    def time_ms(self, entry: Entry) -> float:
        """Milliseconds from time zero (the first entry, as long as no microphone runs)."""
        zero_ns = self.entries[0].at_ns if self.zero_ns is None else self.zero_ns
        return (entry.at_ns - zero_ns) / NS_PER_MS

    def lines(self) -> Iterator[str]:
        """JSON lines `{"t_ms", "from", "message"}`; `t_ms` is on the client's clock."""
        for entry in self.entries:
            sender = "server" if entry.from_server else "client"
            row = {"t_ms": round(self.time_ms(entry), 3), "from": sender, "message": entry.message}
            yield json.dumps(row, ensure_ascii=False)
