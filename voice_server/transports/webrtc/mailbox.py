"""What came from a call and its session has not yet taken: in order, and bounded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from voice_server.core.events import PlaybackReported, SessionEnding

SOUND_LIMIT = 50
"""Pieces of sound, a second at the least. RTP does not wait: what comes when it is full is lost."""
MESSAGE_LIMIT = 1_000
"""Messages. A client that is so far ahead of its session is hung up."""


@dataclass(frozen=True, slots=True)
class Sound:
    """s16le, mono, 48 kHz."""

    pcm: bytes


Mail = str | bytes | Sound | PlaybackReported | SessionEnding
"""A message, text or binary; sound; an estimate of the playback; the end."""


class Mailbox:
    """One call's."""

    def __init__(self) -> None:
        self._mail: asyncio.Queue[Mail | None] = asyncio.Queue()  # bounded below, by kind
        self._sounds = 0
        self._closed = False

    def put(self, mail: Mail) -> None:
        """Something came."""
        if self._closed:
            return
        if isinstance(mail, Sound):
            if self._sounds >= SOUND_LIMIT:
                return
            self._sounds += 1
        elif self._mail.qsize() - self._sounds >= MESSAGE_LIMIT:
            self.close()
            return
        self._mail.put_nowait(mail)

    def close(self) -> None:
        """Nothing more will come."""
        if not self._closed:
            self._closed = True
            self._mail.put_nowait(None)

    async def take(self) -> Mail | None:
        """What came first, when it is there. None: it was all."""
        mail = await self._mail.get()
        if isinstance(mail, Sound):
            self._sounds -= 1
        return mail
