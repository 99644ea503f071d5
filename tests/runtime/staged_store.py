"""A store in memory that is away, slow or empty when a test says so; else it keeps the stores' contract."""

from __future__ import annotations

import asyncio

from voice_server.adapters.store_memory import MemoryStore
from voice_server.ports import Clock
from voice_server.session_store import Batch, StoredSession, StoreError


class StagedStore(MemoryStore):
    """Fits `SessionStore`: `tests/contracts/test_session_stores.py` holds for it too."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.now_ms)
        self.away = False
        self.takes_ms = 0
        """So long each write and each claim takes; it is made at the end of it."""
        self._clock = clock

    async def create(self, session: str, token_hash: bytes, batch: Batch, epoch: int = 1) -> int:
        await self._reach()
        return await super().create(session, token_hash, batch, epoch)

    async def save(self, session: str, epoch: int, batch: Batch) -> None:
        await self._reach()
        await super().save(session, epoch, batch)

    async def claim(self, session: str, presented: bytes, fresh: bytes) -> StoredSession | None:
        await self._reach()
        return await super().claim(session, presented, fresh)

    async def lose_all(self) -> None:
        """It is restarted without what it held."""
        await self.aclose()

    async def _reach(self) -> None:
        if self.takes_ms:
            await self._clock.wait(asyncio.Event(), self._clock.now_ms() + self.takes_ms)
        if self.away:
            raise StoreError("it is away")
