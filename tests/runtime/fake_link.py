"""A link that keeps what it is sent, and passes the real one's contract: `tests/contracts/test_links.py`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from voice_server.core.commands import Fact
from voice_server.ports import AudioFrame, Clock, Farewell, Notice, Relayed
from voice_server.transports.native import Terms, told

TERMS = Terms(lead_ms=300, heartbeat_ms=10_000, resume_window_ms=0, idle_ms=None)


def native(item: Fact | Notice, seq: int, t_ms: int) -> str:
    """The message that a client of the native protocol would get."""
    return told(item, 16_000, seq, t_ms, TERMS)


@dataclass(frozen=True, slots=True)
class Told:
    """One fact or notice, as the link was given it."""

    at_ms: int
    """When the client read it."""
    item: Fact | Notice
    seq: int
    t_ms: int


@dataclass(frozen=True, slots=True)
class Played:
    """One frame of audio."""

    at_ms: int
    frame: AudioFrame


class FakeLink:
    """Fits `ports.Link`. The client reads at once, unless it is told not to."""

    def __init__(self, clock: Clock) -> None:
        self.received: list[Told | Played] = []
        self.arrived = asyncio.Event()
        """Set whenever something more has been received."""
        self.farewell: Farewell | None = None
        self._clock = clock
        self._reading = asyncio.Event()
        self._reading.set()
        self._gone = False

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> tuple[str, ...]:
        """The client is told when it reads."""
        await self._let_through()
        self._receive(Told(self._clock.now_ms(), item, seq, t_ms))
        return () if isinstance(item, Relayed) else (native(item, seq, t_ms),)

    async def send_audio(self, frame: AudioFrame) -> tuple[()]:
        """The client hears it when it reads."""
        await self._let_through()
        self._receive(Played(self._clock.now_ms(), frame))
        return ()

    async def close(self, farewell: Farewell) -> None:
        """The client learns why, if it is still there."""
        if not self._gone:
            self.farewell = farewell
        self.leave()

    def stop_reading(self) -> None:
        """From now on whoever sends waits."""
        self._reading.clear()

    def read_on(self) -> None:
        """Read what was held up, and all that follows."""
        self._reading.set()

    def leave(self) -> None:
        """The connection is gone, without a word."""
        self._gone = True
        self._reading.set()

    def _receive(self, entry: Told | Played) -> None:
        self.received.append(entry)
        self.arrived.set()

    async def _let_through(self) -> None:
        await self._reading.wait()
        if self._gone:
            raise ConnectionError("the client is gone")
