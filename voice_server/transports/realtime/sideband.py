"""`?call_id=`: a second connection to a running session, for a backend that looks on and steers.

It sees every event but the sound, from now on, and may send every event but sound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from fastapi import WebSocket, WebSocketDisconnect

from voice_server.runtime.session import SessionRunner
from voice_server.transports.realtime.socket import FAREWELL_S, hang_up, receive
from voice_server.transports.realtime.talk import RealtimeLink, meant

QUEUE_LIMIT = 1_000
"""Events. Who is so far behind is hung up on; the session goes on."""
ENDED, TOO_SLOW = 1000, 1008


@dataclass(frozen=True, slots=True)
class Line:
    """A running session, and the connection that carries its sound."""

    runner: SessionRunner
    link: RealtimeLink


class Lines:
    """Every Realtime session of the process, by what its calls are named."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    @contextmanager
    def open(self, call: str, runner: SessionRunner, link: RealtimeLink) -> Iterator[None]:
        """As long as this is entered, others may listen in on `call`. Leaving it hangs up on them."""
        self._lines[call] = Line(runner, link)
        try:
            yield
        finally:
            del self._lines[call]
            for listener in tuple(link.listeners):
                listener.end()

    def find(self, call: str) -> Line | None:
        """The session of this call."""
        return self._lines.get(call)


class Sideband:
    """Fits `talk.Listener`. One that listens in."""

    def __init__(self, socket: WebSocket, line: Line) -> None:
        self._socket = socket
        self._line = line
        self._told: asyncio.Queue[str | None] = asyncio.Queue()  # bounded in `hear`
        self._over = asyncio.Event()
        self._code = ENDED

    def hear(self, text: str) -> None:
        """Sent as soon as it reads."""
        if self._told.qsize() < QUEUE_LIMIT:
            self._told.put_nowait(text)
        else:
            self._line.link.listeners.discard(self)
            self._code = TOO_SLOW
            self.end()

    def end(self) -> None:
        """There is nothing more to hear."""
        self._told.put_nowait(None)
        self._over.set()

    async def run(self) -> None:
        """Until it leaves, or the session is over. What it does not take then it does without."""
        self._line.link.listeners.add(self)
        try:
            async with asyncio.TaskGroup() as tasks:
                reading, telling = tasks.create_task(self._read()), tasks.create_task(self._tell())
                await self._over.wait()
                await asyncio.wait([telling], timeout=FAREWELL_S)
                reading.cancel()
                telling.cancel()
        finally:
            self._line.link.listeners.discard(self)
        await hang_up(self._socket, self._code, "the session ended" if self._code == ENDED else "too slow")

    async def _tell(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            while (text := await self._told.get()) is not None:
                await self._socket.send_text(text)

    async def _read(self) -> None:
        runner, link = self._line.runner, self._line.link
        with suppress(WebSocketDisconnect):
            while True:
                for item in meant(await receive(self._socket), link.codec, runner.watch, sound=False):
                    await runner.take(item)
        self.end()
