"""A link without a network: two ends in one process, for tests and for runs in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from voice_server.client.link import NORMAL_CLOSE, closed

LOST = 1006
"""No close frame came (RFC 6455, 7.1.5)."""


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


@dataclass(slots=True)
class MemoryLink:
    """One end. What it sends, the other receives, in order and at once."""

    _inbox: asyncio.Queue[str | bytes | _Close] = field(default_factory=asyncio.Queue)
    _peer: MemoryLink | None = None
    _closed: _Close | None = None

    async def send(self, data: str | bytes) -> None:
        if self._closed:
            raise closed(self._closed.code, self._closed.reason)
        assert self._peer is not None
        self._peer._inbox.put_nowait(data)

    async def receive(self) -> str | bytes:
        if self._closed and self._inbox.empty():
            raise closed(self._closed.code, self._closed.reason)
        item = await self._inbox.get()
        if isinstance(item, _Close):
            self._closed = item
            raise closed(item.code, item.reason)
        return item

    async def close(self, code: int = NORMAL_CLOSE, reason: str = "") -> None:
        """Close both ends; each still receives what was sent before."""
        if self._closed is None:
            self._closed = _Close(code, reason)
            self._inbox.put_nowait(self._closed)
            assert self._peer is not None
            self._peer._inbox.put_nowait(self._closed)

    def drop(self) -> None:
        """The other end sees a connection that is lost."""
        if self._closed is None:
            self._closed = _Close(LOST, "")
            assert self._peer is not None
            self._peer._inbox.put_nowait(self._closed)


def memory_links() -> tuple[MemoryLink, MemoryLink]:
    """Two connected ends."""
    one, other = MemoryLink(), MemoryLink()
    one._peer, other._peer = other, one
    return one, other
