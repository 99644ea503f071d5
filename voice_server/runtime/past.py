"""What is left of a session whose server is gone, read from the store and made ready to go on."""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.core.revival import Revival, revived
from voice_server.errors import CoreError
from voice_server.runtime.backlog import Backlog, Entry
from voice_server.runtime.journal import Recalled, recall
from voice_server.runtime.keeping import restored
from voice_server.session_store import StoredSession


@dataclass(frozen=True, slots=True)
class Past:
    """One session's."""

    session: str
    epoch: int
    revival: Revival
    recalled: Recalled
    entries: tuple[Entry, ...]
    last_seq: int

    def backlog(self) -> Backlog:
        """Its messages, all of them sent as far as anybody knows."""
        backlog = Backlog(self.entries[0].seq - 1 if self.entries else self.last_seq)
        for entry in self.entries:
            backlog.restore(entry)
        backlog.last_seq = backlog.sent_seq = self.last_seq
        return backlog


def read_past(stored: StoredSession, seen_seq: int) -> Past | None:
    """Make it again. `seen_seq`: the last message that its client has: no number is given twice.

    None where it had ended, or cannot be read: by an older server, say.
    """
    try:
        recalled = recall(stored.state, stored.audio)
        revival = revived(recalled.config, recalled.policy, recalled.told)
        entries = tuple(restored(message) for message in stored.messages if message.seq > seen_seq)
    except (ValueError, KeyError, TypeError, CoreError):
        return None
    if revival.session.ended:
        return None
    last_seq = max(recalled.last_seq, seen_seq)
    return Past(stored.session, stored.epoch, revival, recalled, entries, last_seq)
