"""One session of `voice.v1`, seen from the client. Written from the protocol's page alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Self

from voice_server.audio.pcm import Pcm, to_bytes
from voice_server.client.clock import NS_PER_MS, NS_PER_S, Clock, LoopClock
from voice_server.client.link import NORMAL_CLOSE, Link, connected
from voice_server.client.log import Entry, Log, Message, described
from voice_server.client.refusal import decoded, refused
from voice_server.client.resuming import OF_THE_MOMENT, Door, Held, Knocker, Ticket, may_return
from voice_server.client.upkeep import Upkeep
from voice_server.client.wire import unpack_audio
from voice_server.errors import LinkError

START_TIMEOUT_S = 15.0
END_TIMEOUT_S = 2.0
DEFAULT_HEARTBEAT_MS = 10_000


class VoiceClient:
    """Sends and receives, stamps and logs everything, and does the upkeep while it receives.

    Sends may overlap with one `receive`; there must be only one `receive` at a time, and somebody has to
    be receiving for acks and pings to go out. With a `door`, a lost connection is replaced by a new one, on
    which the session goes on: `receive` returns a note of type `connection`, and next `session.resumed`.
    What is sent meanwhile is sent then.
    """

    def __init__(self, link: Link, clock: Clock | None = None, door: Door | None = None) -> None:
        self.clock: Clock = clock or LoopClock()
        self.log = Log()
        self.playhead: Callable[[], Message] = dict
        """Asked when a session is resumed: `response` and `played_ms` of what sounds, or sounded last."""
        self._link: Link | None = link
        self._knocker = Knocker(door, self.clock, self._note) if door else None
        self._ticket: Ticket | None = None
        self._held = Held()
        self._gone: LinkError | None = None  # lost for good
        self._upkeep = Upkeep(DEFAULT_HEARTBEAT_MS, self.clock.now_ns())
        self._last_error: Message | None = None
        self._audio_sent = 0

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, key: str | None = None, *, returning: bool = False
    ) -> AsyncIterator[Self]:
        """Connect to `ws://HOST:PORT/v1/voice`; leaving closes. Raises LinkError when refused.

        `returning`: come back by itself when the connection is lost.
        """
        door = partial(connected, url, key)
        client = cls(await door(), door=door if returning else None)
        try:
            yield client
        finally:
            await client.close()

    async def start(self, config: Mapping[str, Any]) -> Message:
        """Begin a session. Returns `session.started`. Raises LinkError when the server does not want us."""
        await self.send("session.start", config=dict(config))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                started = await self._await_start()
        except TimeoutError:
            raise LinkError(f"the server did not start a session within {START_TIMEOUT_S:.0f} s") from None
        heartbeat_ms = int(started.get("heartbeat_ms", DEFAULT_HEARTBEAT_MS))
        self._upkeep.set_heartbeat(heartbeat_ms, self.clock.now_ns())
        return started

    async def send(self, type_: str, **fields: object) -> Entry:
        """Send one message. Raises LinkError when the connection is gone for good."""
        message = {"type": type_, **fields}
        await self._post(json.dumps(message), held=type_ not in OF_THE_MOMENT)
        return self._note(message)

    async def send_audio(self, samples: Pcm) -> Entry:
        """Send the next samples of the microphone, at the input rate, at most 200 ms."""
        await self._post(to_bytes(samples), held=True)
        note = {"type": "audio", "position": self._audio_sent, "samples": len(samples)}
        self._audio_sent += len(samples)
        return self._note(note)

    async def receive(self) -> Entry:
        """The next message or audio frame, stamped on arrival. Raises LinkError when the connection ends."""
        while True:
            entry = await (self._next(self._link) if self._link else self._come_back())
            if entry is not None:
                return entry

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Entry:
        try:
            return await self.receive()
        except LinkError as error:
            if error.close_code == NORMAL_CLOSE:
                raise StopAsyncIteration from None
            raise

    async def end(self) -> None:
        """Say goodbye, take what still comes, and close. Does no harm on a dead connection."""
        with suppress(LinkError, TimeoutError):
            await self.send("session.end")
            async with asyncio.timeout(END_TIMEOUT_S):
                while (await self.receive()).type != "session.ended":
                    pass
        await self.close()

    async def close(self) -> None:
        """Close the connection, if there is one. That ends the session too."""
        if self._link:
            await self._link.close()

    async def _await_start(self) -> Message:
        while True:
            entry = await self.receive()
            if entry.type == "session.started":
                return entry.message
            if entry.type == "error" and not entry.message.get("fatal"):
                raise refused(entry.message, None)

    # ── out ──

    async def _post(self, data: str | bytes, *, held: bool) -> None:
        """Send this, or wait with it (`held`) until the connection is back."""
        while self._gone is None:
            link = self._link
            try:
                if link:
                    return await link.send(data)
            except LinkError as error:
                if not self._returns_after(error):
                    raise
            if link is self._link:  # no other since: `receive` sees to that
                return self._held.add(data) if held else None
        raise self._gone

    async def _reply(self, message: Message) -> None:
        fields = dict(message)
        await self.send(str(fields.pop("type")), **fields)

    # ── in ──

    async def _next(self, link: Link) -> Entry | None:
        """What comes next; None when it is nothing for the caller."""
        try:
            raw = await self._receive_in_time(link)
        except LinkError as error:
            return self._lost(link, refused(self._last_error, error) if self._last_error else error)
        return None if raw is None else await self._arrived(raw)

    async def _receive_in_time(self, link: Link) -> str | bytes | None:
        """The next message, or None when upkeep was due before."""
        left_s = (self._upkeep.due_ns() - self.clock.now_ns()) / NS_PER_S
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                return await link.receive()
        except TimeoutError:
            seen = self._ticket.last_seq if self._ticket else 0
            for message in self._upkeep.take(self.clock.now_ns(), seen):
                await self._reply(message)
        return None

    async def _arrived(self, raw: str | bytes) -> Entry | None:
        now_ns = self.clock.now_ns()
        self._upkeep.heard(now_ns)
        if isinstance(raw, bytes):
            frame = unpack_audio(raw)
            return self.log.add(Entry(now_ns, True, described(frame), frame))
        message = decoded(raw)
        if self._ticket and not self._ticket.take(message):
            return None
        match message.get("type"):
            case "session.started":
                self._ticket = Ticket.of(message)
            case "session.ended":
                self._ticket = None  # nothing to come back to
            case "error" if message.get("fatal"):
                self._last_error = message
            case "ping":
                await self._reply({"type": "pong", "t": message.get("t"), "t_ms": now_ns // NS_PER_MS})
        return self.log.add(Entry(now_ns, True, message))

    # ── away and back ──

    def _returns_after(self, lost: LinkError) -> bool:
        return bool(self._knocker and self._ticket and self._ticket.window_ms and may_return(lost))

    def _lost(self, link: Link, error: LinkError) -> Entry:
        """A note that the connection is lost; raises `error` where it is lost for good."""
        if not self._returns_after(error):
            self._gone = error
            raise error
        link.drop()
        self._link = self._last_error = None
        return self._note({"type": "connection", "lost": str(error)})

    def _note(self, message: Message) -> Entry:
        return self.log.add(Entry(self.clock.now_ns(), False, message))

    async def _come_back(self) -> Entry | None:
        assert self._knocker
        assert self._ticket
        try:
            link, raw = await self._knocker.resume(self._ticket, self.playhead)
        except LinkError as error:
            self._gone = error
            raise
        self._upkeep.connected(self.clock.now_ns())
        entry = await self._arrived(raw)
        with suppress(LinkError):  # lost again: the next `receive` sees it
            await self._held.flush(link)
        self._link = link
        return entry
