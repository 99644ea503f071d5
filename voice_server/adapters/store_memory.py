"""Sessions kept in this process: they outlive a connection, not the server."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from voice_server.session_store import (
    DELETED_MS,
    Batch,
    StaleOwnerError,
    StoredMessage,
    StoredSession,
    UnknownSessionError,
)


@dataclass(slots=True)
class _Kept:
    tokens: tuple[bytes, ...]
    """The hashes of those that are good, the newest last."""
    expires_ms: int
    epoch: int
    state: bytes = b""
    messages: dict[int, StoredMessage] = field(default_factory=dict)
    audio: tuple[bytes, ...] = ()

    def write(self, batch: Batch, now_ms: int) -> None:
        self.state = self.state if batch.state is None else batch.state
        self.messages |= {message.seq: message for message in batch.messages}
        acked = batch.acked_seq or 0
        self.messages = {seq: message for seq, message in self.messages.items() if seq > acked}
        self.audio = (() if batch.drop_audio else self.audio) + batch.audio
        self.tokens = self.tokens[-1:] if batch.token_settled else self.tokens
        self.expires_ms = now_ms + batch.expires_in_ms

    def read(self, session: str) -> StoredSession:
        messages = tuple(self.messages[seq] for seq in sorted(self.messages))
        return StoredSession(session, self.epoch, self.state, messages, self.audio)


class MemoryStore:
    """Fits `SessionStore`. Never away and never full."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """`now_ms`: any clock, in milliseconds."""
        self._now_ms = now_ms
        self._kept: dict[str, _Kept] = {}
        self._deleted_ms: dict[str, int] = {}

    async def create(self, session: str, token_hash: bytes, batch: Batch, epoch: int = 1) -> int:
        kept = self._kept[session] = _Kept((token_hash,), 0, epoch)
        self._deleted_ms.pop(session, None)
        kept.write(batch, self._now_ms())
        return kept.epoch

    async def save(self, session: str, epoch: int, batch: Batch) -> None:
        kept = self._live(session)
        if kept is None and session not in self._deleted_ms:
            raise UnknownSessionError(f"there is no session {session}")
        if kept is None or kept.epoch != epoch:
            raise StaleOwnerError(f"session {session} is not ours any more")
        kept.write(batch, self._now_ms())

    async def claim(self, session: str, presented: bytes, fresh: bytes) -> StoredSession | None:
        kept = self._live(session)
        if kept is None or not any([hmac.compare_digest(presented, token) for token in kept.tokens]):
            return None
        kept.tokens = (presented, fresh)
        kept.epoch += 1
        return kept.read(session)

    async def peek(self, session: str) -> StoredSession | None:
        kept = self._live(session)
        return kept.read(session) if kept else None

    async def delete(self, session: str) -> bool:
        live = self._live(session) is not None
        self._kept.pop(session, None)
        self._deleted_ms[session] = self._now_ms()
        return live

    async def sweep(self) -> int:
        now_ms = self._now_ms()
        expired = [session for session, kept in self._kept.items() if kept.expires_ms <= now_ms]
        for session in expired:
            del self._kept[session]
        known_ms = now_ms - DELETED_MS
        self._deleted_ms = {id: at_ms for id, at_ms in self._deleted_ms.items() if at_ms > known_ms}
        return len(expired)

    async def ready(self) -> bool:
        return True

    async def aclose(self) -> None:
        self._kept.clear()
        self._deleted_ms.clear()

    def _live(self, session: str) -> _Kept | None:
        kept = self._kept.get(session)
        return kept if kept and kept.expires_ms > self._now_ms() else None
