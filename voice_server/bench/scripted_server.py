"""The far end of `voice.v1`, played by a script: what controls and the calibration have in common.

It answers `session.start` and `session.end`, numbers its messages, and plays tones in real time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.audio.rates import FRAME_MS, INPUT_HZ, frame_samples
from voice_server.client.clock import NS_PER_MS, NS_PER_S, LoopClock
from voice_server.client.link import SUBPROTOCOL, Link, WebSocketLink
from voice_server.client.wire import AudioFrame, pack_audio
from voice_server.errors import LinkError

RATE_HZ = INPUT_HZ
LEAD_MS = 200
TONE_HZ = 440
TONE_LEVEL = 8_000


class Far(Protocol):
    """A scripted server's own part."""

    async def heard(self, samples: Pcm) -> None:
        """20 ms of the client's microphone."""

    async def told(self, message: dict[str, Any]) -> None:
        """A message of the client, but for the start and the end of the session."""


def tone(length_ms: int, quiet_samples: int = 0) -> Pcm:
    """A tone whose first audible sample, above -40 dBFS, is the one with index `quiet_samples`."""
    time = np.arange(length_ms * RATE_HZ // 1000 - quiet_samples) / RATE_HZ
    sound = TONE_LEVEL * np.cos(2 * np.pi * TONE_HZ * time)
    return np.concatenate([np.zeros(quiet_samples), np.rint(sound)]).astype(np.int16)


class Stage:
    """What a scripted server can do. It plays one response at a time."""

    def __init__(self, link: Link, group: asyncio.TaskGroup) -> None:
        self.clock = LoopClock()
        self._link = link
        self._group = group
        self._begun_ns = self.clock.now_ns()
        self._seq = 0
        self._playing: asyncio.Task[None] | None = None
        self._latency: dict[str, int] = {}

    @property
    def playing(self) -> bool:
        """Whether a response plays."""
        return self._playing is not None and not self._playing.done()

    async def say(self, type_: str, **fields: object) -> None:
        """Send one message."""
        self._seq += 1
        t_ms = (self.clock.now_ns() - self._begun_ns) // NS_PER_MS
        await self._link.send(json.dumps({"type": type_, "seq": self._seq, "t_ms": t_ms, **fields}))

    def play(self, response: int, sound: Pcm, start_ns: int, latency: dict[str, int] | None = None) -> None:
        """Begin to play a response, its first frame sent at `start_ns`; `response.done` follows by itself."""
        self._latency = latency or {}
        self._playing = self._group.create_task(self._play(response, sound, start_ns))

    async def stop(self, response: int, reason: str) -> None:
        """Stop the response that plays, for good."""
        self.silence()
        await self.say("response.stop", response=response, reason=reason, at_ms=0)
        await self._done(response, "interrupted")

    def stop_at(self, response: int, reason: str, when_ns: int) -> None:
        """Stop the response that plays at this moment."""
        self._group.create_task(self._stop_at(response, reason, when_ns))

    def silence(self) -> None:
        """End what plays, without a word."""
        if self._playing:
            self._playing.cancel()
            self._playing = None

    async def run(self, far: Far) -> None:
        """One session, until the client leaves."""
        with suppress(LinkError):
            while await self._take(await self._link.receive(), far):
                pass
        self.silence()

    async def _take(self, raw: str | bytes, far: Far) -> bool:
        """Whether the session goes on."""
        if isinstance(raw, bytes):
            await far.heard(from_bytes(raw))
            return True
        message = json.loads(raw)
        match message["type"]:
            case "session.start":
                audio = {"input_rate": INPUT_HZ, "output_rate": RATE_HZ}
                config = {**message.get("config", {}), "audio": audio}
                await self.say("session.started", session="scripted", heartbeat_ms=10_000, config=config)
            case "session.end":
                await self.say("session.ended", reason="client")
                await self._link.close()
                return False
            case "ping":
                await self.say("pong", t=message["t"])
            case _:
                await far.told(message)
        return True

    async def _play(self, response: int, sound: Pcm, start_ns: int) -> None:
        size = frame_samples(RATE_HZ)
        with suppress(LinkError):
            for index, position in enumerate(range(0, len(sound), size)):
                ahead_ns = max(0, index * FRAME_MS - LEAD_MS) * NS_PER_MS
                await self.clock.sleep_until(start_ns + ahead_ns)
                last = position + size >= len(sound)
                frame = AudioFrame(response, position, sound[position : position + size], last)
                await self._link.send(pack_audio(frame))
            await self.clock.sleep_until(start_ns + len(sound) * NS_PER_S // RATE_HZ)
            await self._done(response, "completed")

    async def _stop_at(self, response: int, reason: str, when_ns: int) -> None:
        await self.clock.sleep_until(when_ns)
        with suppress(LinkError):
            await self.stop(response, reason)

    async def _done(self, response: int, status: str) -> None:
        said = {"text": "tone", "heard": "tone", "latency": self._latency}
        await self.say("response.done", response=response, status=status, **said)


MakeFar = Callable[[Stage], Far]


async def run_scripted(link: Link, make: MakeFar) -> None:
    """One session of a scripted server on this link."""
    async with asyncio.TaskGroup() as group:
        stage = Stage(link, group)
        await stage.run(make(stage))


@asynccontextmanager
async def scripted_server(make: MakeFar) -> AsyncIterator[str]:
    """A scripted server on a free loopback port. Yields its `ws://` address; leaving ends it."""

    async def handle(connection: ServerConnection) -> None:
        await run_scripted(WebSocketLink(connection), make)

    subprotocols = [Subprotocol(SUBPROTOCOL)]
    async with serve(handle, "127.0.0.1", 0, subprotocols=subprotocols, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/voice"
