"""The way of the user's voice: from the client's bytes to what the core is told of it.

Bounded: `FRAME_LIMIT` frames wait for the ear; whoever brings more waits, and so does the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import FRAME_MS, INPUT_HZ, frame_bytes
from voice_server.core.events import SoundEnded
from voice_server.ports import Models
from voice_server.runtime.asking import Tell
from voice_server.runtime.hearing import Hearing, HearingPolicy
from voice_server.runtime.input_buffer import InputBuffer
from voice_server.runtime.intake import Intake

FRAME_LIMIT = 50
"""Frames that may wait for the ear: one second."""


Then = Callable[[], None]


class Ear:
    """One session's."""

    def __init__(self, models: Models, policy: HearingPolicy, rate_hz: int) -> None:
        self.sound = InputBuffer()
        self._rate_hz = rate_hz
        self._hearing = Hearing(models.gate, models.judge, policy)
        self._intake = Intake(rate_hz)
        self._frames: asyncio.Queue[Pcm | Then | None] = (
            asyncio.Queue()
        )  # bounded in `push`; an end of the sound never waits
        self._room = asyncio.Event()

    def go_on_from(self, heard_ms: int) -> None:
        """So much was heard by another server."""
        self.sound.end_ms = self._hearing.heard_ms = heard_ms

    @property
    def heard_ms(self) -> int:
        """The input clock: sound that has been heard."""
        return self.sound.end_ms

    @property
    def arrived_ms(self) -> int:
        """The same, with the sound that waits."""
        return self.sound.end_ms + self._frames.qsize() * FRAME_MS

    @property
    def waiting_bytes(self) -> int:
        """Sound that waits to be heard."""
        return self._frames.qsize() * frame_bytes(INPUT_HZ)

    async def push(self, pcm: bytes) -> None:
        """More of it, s16le at the client's rate; waits while too much is waiting."""
        for frame in self._intake.push(pcm):
            await self._room_for_one()
            self._frames.put_nowait(frame)

    async def after_sound(self, then: Then) -> None:
        """Do this when all sound that has come so far has been heard."""
        await self._room_for_one()
        self._frames.put_nowait(then)

    def break_off(self) -> None:
        """The sound ends here; what comes next has nothing to do with it."""
        self._intake = Intake(self._rate_hz)
        self._frames.put_nowait(None)

    async def _room_for_one(self) -> None:
        while self._frames.qsize() >= FRAME_LIMIT:
            self._room.clear()
            await self._room.wait()

    async def listen(self, tell: Tell) -> None:
        """Hear what comes, until cancelled."""
        while True:
            frame = await self._frames.get()
            self._room.set()
            if frame is None:
                self._hearing.break_off()
                tell(SoundEnded(self.heard_ms))
                continue
            if callable(frame):
                frame()
                continue
            self.sound.append(frame)
            if event := await self._hearing.hear(frame):
                tell(event)
