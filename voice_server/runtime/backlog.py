"""What the client is told: numbered once, sent in order, kept until the client says that it arrived.

A client that comes back gets everything after the last that it saw, each once. Bounded: where a client never
acknowledges, or is away, the oldest is forgotten, and it can come back only with what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.core.commands import Fact
from voice_server.ports import Notice

KEPT_LIMIT = 2_000
"""Messages that were not acknowledged. A client that is there acknowledges every second."""
KEPT_BYTES = 1_000_000
ENTRY_BYTES = 200
"""What a message takes beside its texts, about."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `seq` counts from 1 within the session, `t_ms` is the session clock."""

    seq: int
    t_ms: int
    item: Fact | Notice

    @property
    def size(self) -> int:
        """Bytes, about."""
        values = (getattr(self.item, name) for name in type(self.item).__dataclass_fields__)
        return ENTRY_BYTES + sum(len(value) for value in values if isinstance(value, str))


class Backlog:
    """One session's messages."""

    def __init__(self, after_seq: int = 0) -> None:
        self._entries: dict[int, Entry] = {}
        self.last_seq = after_seq
        """Of the newest message."""
        self.sent_seq = after_seq
        """Of the newest that was sent over the present connection, or acknowledged before it."""
        self.bytes = 0
        self.readers = 0
        """Connections over which it is sent."""

    @property
    def waiting(self) -> int:
        """How many are yet to be sent."""
        return self.last_seq - self.sent_seq

    @property
    def next(self) -> Entry | None:
        """The one that is to be sent next."""
        return self._entries.get(self.sent_seq + 1)

    @property
    def first_seq(self) -> int:
        """Of the oldest that is kept; of the next, where none is."""
        return next(iter(self._entries), self.last_seq + 1)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that are kept, oldest first."""
        return tuple(self._entries.values())

    def add(self, item: Fact | Notice, t_ms: int) -> Entry:
        """One more message."""
        entry = Entry(self.last_seq + 1, t_ms, item)
        self.restore(entry)
        self._forget_oldest()
        return entry

    def restore(self, entry: Entry) -> None:
        """A message that has its number already; they come in order."""
        self._entries[entry.seq] = entry
        self.last_seq = entry.seq
        self.bytes += entry.size

    def sent(self) -> None:
        """The next one has been sent."""
        self.sent_seq += 1
        self._forget_oldest()

    def acked(self, seq: int) -> None:
        """All up to here arrived. Nobody can acknowledge what was not sent."""
        for old in [each for each in self._entries if each <= min(seq, self.sent_seq)]:
            self._forget(old)

    def can_go_back(self, seq: int) -> bool:
        """Whether everything after `seq` is still here."""
        return self.first_seq - 1 <= seq <= self.last_seq

    def go_back(self, seq: int) -> None:
        """The client has seen everything up to `seq`, and nothing after it."""
        self.sent_seq = seq
        self.acked(seq)

    def _forget_oldest(self) -> None:
        while len(self._entries) > KEPT_LIMIT or self.bytes > KEPT_BYTES:
            oldest = next(iter(self._entries))
            if oldest > self.sent_seq and self.readers:
                return  # it is still to be sent: the outbox has its own limit for those
            self._forget(oldest)

    def _forget(self, seq: int) -> None:
        self.bytes -= self._entries.pop(seq).size
