"""One session of `voice.v1`, seen from the client. Written from the protocol's page alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from voice_server.audio.pcm import Pcm, to_bytes
from voice_server.client.clock import NS_PER_S, Clock, LoopClock
from voice_server.client.link import NORMAL_CLOSE, Link, open_link
from voice_server.client.log import Entry, Log, Message, described
from voice_server.client.upkeep import Upkeep
from voice_server.client.wire import unpack_audio
from voice_server.errors import LinkError

START_TIMEOUT_S = 15.0
END_TIMEOUT_S = 2.0
DEFAULT_HEARTBEAT_MS = 10_000


class VoiceClient:
    """Sends and receives, stamps and logs everything, and does the upkeep while it receives.

    Sends may overlap with one `receive`; there must be only one `receive` at a time, and somebody has to
    be receiving for acks and pings to go out.
    """

    def __init__(self, link: Link, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or LoopClock()
        self.log = Log()
        self._link = link
        self._upkeep = Upkeep(DEFAULT_HEARTBEAT_MS, self.clock.now_ns())
        self._last_error: Message | None = None
        self._audio_sent = 0

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, key: str | None = None) -> AsyncIterator[Self]:
        """Connect to `ws://HOST:PORT/v1/voice`; leaving closes. Raises LinkError when refused."""
        async with open_link(url, key) as link:
            yield cls(link)

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
        """Send one message. Raises LinkError when the connection is gone."""
        message = {"type": type_, **fields}
        await self._link.send(json.dumps(message))
        return self.log.add(Entry(self.clock.now_ns(), False, message))

    async def send_audio(self, samples: Pcm) -> Entry:
        """Send the next samples of the microphone, at the input rate, at most 200 ms."""
        await self._link.send(to_bytes(samples))
        note = {"type": "audio", "position": self._audio_sent, "samples": len(samples)}
        self._audio_sent += len(samples)
        return self.log.add(Entry(self.clock.now_ns(), False, note))

    async def receive(self) -> Entry:
        """The next message or audio frame, stamped on arrival. Raises LinkError when the connection ends."""
        while True:
            raw = await self._receive_in_time()
            if raw is not None:
                return await self._arrived(raw)
            for message in self._upkeep.take(self.clock.now_ns()):
                await self._reply(message)

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
        await self._link.close()

    async def _await_start(self) -> Message:
        while True:
            entry = await self.receive()
            if entry.type == "session.started":
                return entry.message
            if entry.type == "error" and not entry.message.get("fatal"):
                raise _refused(entry.message, None)

    async def _receive_in_time(self) -> str | bytes | None:
        """The next message, or None when upkeep is due before."""
        left_s = (self._upkeep.due_ns() - self.clock.now_ns()) / NS_PER_S
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                return await self._link.receive()
        except TimeoutError:
            return None
        except LinkError as error:
            raise _refused(self._last_error, error) if self._last_error else error from None

    async def _arrived(self, raw: str | bytes) -> Entry:
        now_ns = self.clock.now_ns()
        if isinstance(raw, bytes):
            frame = unpack_audio(raw)
            return self.log.add(Entry(now_ns, True, described(frame), frame))
        message = _decoded(raw)
        entry = self.log.add(Entry(now_ns, True, message))
        if entry.type == "error" and message.get("fatal"):
            self._last_error = message
        for reply in self._upkeep.received(message):
            await self._reply(reply)
        return entry

    async def _reply(self, message: Message) -> None:
        fields = dict(message)
        await self.send(str(fields.pop("type")), **fields)


def _decoded(raw: str) -> Message:
    try:
        message = json.loads(raw)
    except json.JSONDecodeError as error:
        raise LinkError(f"the server sent a text frame that is no JSON: {raw[:80]!r}") from error
    if not isinstance(message, dict):
        raise LinkError(f"the server sent JSON that is no object: {raw[:80]!r}")
    return message


def _refused(error: Message | None, cause: LinkError | None) -> LinkError:
    """The server's own words, with what the close code says."""
    said = error or {}
    place = f" ({said['field']})" if said.get("field") else ""
    retry_after_ms = said.get("retry_after_ms")
    wait = f"; try again in {retry_after_ms / 1000:.0f} s" if retry_after_ms is not None else ""
    return LinkError(
        f"the server says {said.get('code')}: {said.get('message')}{place}{wait}",
        close_code=cause.close_code if cause else None,
        retry_after_ms=retry_after_ms,
    )
