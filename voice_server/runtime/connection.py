"""One link while it is the session's: it empties the outbox, is watched, and is let go of when it is dead.

Besides `session.py` the only file that creates tasks, all in the connection's one TaskGroup: the sender, the
watch over the reader at the other end, the heartbeat, and whatever reads what comes in. Parting cancels them
in the same moment, so that nothing more leaves over a link that has been given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass

from voice_server.errors import VoiceServerError
from voice_server.observers import SessionObserver
from voice_server.ports import Farewell, Link, Pinged, Ponged, Resumed
from voice_server.runtime.inbound import Inbound
from voice_server.runtime.outbox import FACT_LIMIT, Outbox
from voice_server.runtime.peer_clock import PeerClock
from voice_server.runtime.session_clock import SessionClock
from voice_server.runtime.watched_link import WatchedLink

MISSED_HEARTBEATS = 2

Take = Callable[[Inbound], Awaitable[None]]


class ReaderStalledError(VoiceServerError):
    """The client does not read what it is sent, or does not answer."""


class LinkLostError(VoiceServerError):
    """The client is gone."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for a client."""

    heartbeat_ms: int
    stall_limit_ms: int


class Connection:
    """`run` is called once and returns when the connection is over; `farewell` then says how."""

    def __init__(
        self,
        link: Link,
        watch: SessionObserver,
        outbox: Outbox,
        clock: SessionClock,
        patience: Patience,
    ) -> None:
        self.farewell: Farewell | None = None
        """How the client was hung up on. None: it was lost."""
        self.peer_clock = PeerClock()
        self._link = WatchedLink(link, watch)
        self._watch = watch
        self._outbox = outbox
        self._clock = clock
        self._patience = patience
        self._greeting: tuple[Resumed, int] | None = None
        self._work: list[asyncio.Task[None]] = []
        self._parted = False
        self._last_sign_ms = clock.now_ms()
        self._sending_since_ms: int | None = None

    def greet(self, resumed: Resumed, seq: int) -> None:
        """Send this first, with this number: it is the client's own last one, so that none is given twice."""
        self._greeting = resumed, seq

    async def run(self, inbound: AsyncIterator[Inbound], take: Take) -> None:
        """Serve until either side goes; `take` is given what comes in.

        An error that is no loss of the client is raised, as a group.
        """
        backlog = self._outbox.backlog
        backlog.readers += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = self._read(inbound, take)
                standing = (self._send(), self._mind_the_reader(), self._keep_alive(), reading)
                self._work = [tasks.create_task(work) for work in standing]
                if self._parted:
                    self._cancel(self._work)
        except* ReaderStalledError:
            self.part(Farewell.UNRESPONSIVE)
        except* LinkLostError:
            self.part(None)
        finally:
            backlog.readers -= 1
        if self.farewell:
            await self._link.close(self.farewell)

    def part(self, farewell: Farewell | None) -> None:
        """It is over, as of now. None: the client is gone already."""
        if not self._parted:
            self._parted, self.farewell = True, farewell
            self._cancel(self._work)

    def only_send(self) -> None:
        """The session is over: what is left is sent, and nothing is listened to."""
        self._cancel(self._work[2:])

    # ── the standing tasks ──

    async def _read(self, inbound: AsyncIterator[Inbound], take: Take) -> None:
        async for item in inbound:
            self._last_sign_ms = self._clock.now_ms()
            if isinstance(item, Ponged):
                self._ponged(item)
            await take(item)
            self._watch.handled()
        self.part(None)

    def _ponged(self, pong: Ponged) -> None:
        if exchange := self.peer_clock.answered(pong, self._clock.now_ms()):
            self._watch.exchanged(exchange.rtt_ms)

    async def _send(self) -> None:
        if self._greeting:
            await self._in_time(self._link.send(*self._greeting, self._clock.now_ms()))
        while True:
            self._outbox.changed.clear()
            if not await self._send_one():
                if self._outbox.finished:
                    return self.part(self._outbox.farewell)
                await self._clock.wait(self._outbox.changed, self._outbox.audio_due_ms())

    async def _send_one(self) -> bool:
        """Whether there was anything."""
        if entry := self._outbox.backlog.next:
            await self._outbox.committed(entry)
            self._outbox.sent()
            await self._in_time(self._link.send(entry.item, entry.seq, entry.t_ms))
        elif frame := self._outbox.take_frame():
            await self._in_time(self._link.send_audio(frame))
            await asyncio.sleep(0)  # a burst keeps nobody waiting, and is not sent to who has just gone
        else:
            return False
        return True

    async def _in_time(self, sending: Coroutine[None, None, object]) -> None:
        self._sending_since_ms = self._clock.now_ms()
        try:
            await sending
        except ConnectionError as error:
            raise LinkLostError(str(error)) from error
        finally:
            self._sending_since_ms = None

    async def _mind_the_reader(self) -> None:
        """Raise ReaderStalledError when one piece could not be sent in time, or too many wait."""
        limit_ms = self._patience.stall_limit_ms
        while True:
            self._outbox.alarm.clear()
            if self._outbox.overflowed:
                raise ReaderStalledError(f"more than {FACT_LIMIT} messages wait to be read")
            now_ms = self._clock.now_ms()
            since_ms = now_ms if self._sending_since_ms is None else self._sending_since_ms
            if now_ms - since_ms >= limit_ms:
                raise ReaderStalledError(f"nothing could be sent for {limit_ms} ms")
            await self._clock.wait(self._outbox.alarm, since_ms + limit_ms)

    async def _keep_alive(self) -> None:
        interval_ms = self._patience.heartbeat_ms
        ping_ms = self._clock.now_ms() + interval_ms
        while True:
            limit_ms = MISSED_HEARTBEATS * interval_ms
            await self._clock.wait(asyncio.Event(), min(ping_ms, self._last_sign_ms + limit_ms))
            silent_ms = self._clock.now_ms() - self._last_sign_ms
            if silent_ms >= limit_ms:
                raise ReaderStalledError(f"nothing has come from the client for {silent_ms} ms")
            if self._clock.now_ms() >= ping_ms:
                ping_ms += interval_ms
                self.peer_clock.asked(self._clock.now_ms())
                self._outbox.put(Pinged(self._clock.now_ms()))

    def _cancel(self, work: list[asyncio.Task[None]]) -> None:
        for task in work:
            task.cancel()
