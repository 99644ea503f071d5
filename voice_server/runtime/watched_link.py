"""A link that somebody looks on at: only what has left is told."""

from __future__ import annotations

from collections.abc import Sequence

from voice_server.core.commands import Fact
from voice_server.observers import SessionObserver
from voice_server.ports import AudioFrame, Farewell, Link, Notice


class WatchedLink:
    """Fits `ports.Link`."""

    def __init__(self, link: Link, watch: SessionObserver) -> None:
        self._link = link
        self._watch = watch

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> Sequence[str]:
        """As the link; then say so."""
        messages = await self._link.send(item, seq, t_ms)
        self._watch.sent(item, seq, t_ms, messages)
        return messages

    async def send_audio(self, frame: AudioFrame) -> Sequence[str]:
        """As the link; then say so."""
        messages = await self._link.send_audio(frame)
        self._watch.sent_audio(frame, messages)
        return messages

    async def close(self, farewell: Farewell) -> None:
        """As the link."""
        await self._link.close(farewell)
