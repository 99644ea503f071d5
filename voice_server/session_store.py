"""Where sessions are kept for the time after their connection or their server is lost: the port.

What is stored is opaque to a store: the runtime writes it and reads it again. A store knows ids, hashes of
tokens, epochs and times. Rules for all of them:

- Calls may overlap; those for one session come one after the other. None keeps the event loop waiting.
- A store that is away, full or broken raises `StoreError`, and has then changed nothing.
- An epoch counts the owners of a session. Whoever writes names the epoch that it was given; a write of an
  earlier owner raises `StaleOwnerError` and changes nothing (fencing).
- What is not written to for `expires_in_ms` of its last batch is gone, as if it had never been.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voice_server.errors import VoiceServerError

DEFAULT_EXPIRY_MS = 120_000
DELETED_MS = 3_600_000
"""Who was its owner, and has stood still for longer, has no client any more."""


class StoreError(VoiceServerError):
    """The store is away, full or broken. Nothing was changed."""


class StaleOwnerError(StoreError):
    """Somebody else has claimed the session since, or deleted it."""


class UnknownSessionError(StaleOwnerError):
    """Nobody has, and it is not there: it has expired, or the store came back without it."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message for the client that it has not acknowledged yet."""

    seq: int
    t_ms: int
    text: str
    """Opaque: the runtime's own JSON, from which any dialect's message is made."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it was last written."""

    session: str
    epoch: int
    """Of whoever holds this now: to be named when writing."""
    state: bytes
    messages: tuple[StoredMessage, ...]
    """By `seq`, ascending, each once."""
    audio: tuple[bytes, ...]
    """Opaque: what happened since `state` was made, sound included, in the order in which it was written."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written at once: all of it or nothing."""

    state: bytes | None = None
    """In place of the state before. None: it stays."""
    messages: tuple[StoredMessage, ...] = ()
    """Added to those that are there; one with the same `seq` replaces that."""
    acked_seq: int | None = None
    """Messages up to here are removed, also of those in this batch."""
    audio: tuple[bytes, ...] = ()
    """Added at the end."""
    drop_audio: bool = False
    """What was there before this batch's `audio` is removed first."""
    token_settled: bool = False
    """The client has the token that it was given last: the one before is good for nothing any more."""
    expires_in_ms: int = DEFAULT_EXPIRY_MS
    """From now on."""


class SessionStore(Protocol):
    """Fitted by the adapters; all pass `tests/contracts/test_session_stores.py`."""

    async def create(self, session: str, token_hash: bytes, batch: Batch, epoch: int = 1) -> int:
        """Keep a new session, with its first batch, in place of what was there. Returns `epoch`.

        Whoever writes a session anew that the store has lost takes one that nobody else will have.
        """

    async def save(self, session: str, epoch: int, batch: Batch) -> None:
        """Write, as one. Raises StaleOwnerError where `epoch` is not the session's, or it was deleted;
        UnknownSessionError where there is none.
        """

    async def claim(self, session: str, presented: bytes, fresh: bytes) -> StoredSession | None:
        """Become the owner, as one step. `presented`: the hash of the token that the client showed; `fresh`:
        of the one that it will be given.

        Hashes are compared in constant time. Afterwards `presented` and `fresh` are good, and nothing else,
        until a batch says that the token is settled. The epoch grows by one. None, and nothing changed: no
        such session, expired, or the wrong token; nobody can tell which.
        """

    async def peek(self, session: str) -> StoredSession | None:
        """Look at it without becoming its owner. None: there is none."""

    async def delete(self, session: str) -> bool:
        """Forget it and everything of it. Returns whether there was one.

        That it was deleted is known for `DELETED_MS`, so that no owner writes it anew.
        """

    async def sweep(self) -> int:
        """Remove what has expired; returns how many sessions that were."""

    async def ready(self) -> bool:
        """Whether it can be reached and written to now. Never raises."""

    async def aclose(self) -> None:
        """Let go of connections, files and threads."""
