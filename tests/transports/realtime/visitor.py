"""A Realtime client that says whatever it likes; every event that it is sent is judged."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.protocol.realtime.oracle import judged
from tests.transports.house import House
from voice_server.audio.pcm import to_bytes
from voice_server.protocol.realtime.frames import Frame

RATE_HZ = 24_000
FRAME_MS = 20


class Visitor:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.received: list[Frame] = []

    async def send(self, kind: str, **fields: Any) -> None:
        """An event."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self, *kinds: str) -> Frame:
        """The next event of one of these types; what comes before it is passed over."""
        while (frame := await self._receive())["type"] not in kinds:
            pass
        return frame

    async def update(self, **session: Any) -> Frame:
        """Change the session. Returns what it then is."""
        await self.send("session.update", session={"type": "realtime", **session})
        updated: Frame = (await self.next("session.updated"))["session"]
        return updated

    async def says(self, text: str) -> None:
        """Add a text to the conversation."""
        content = [{"type": "input_text", "text": text}]
        await self.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )

    async def speak(self, ms: int, level: int = 8_000) -> None:
        """So much sound, all at once."""
        samples = np.full(RATE_HZ * ms // 1000, level, np.int16)
        audio = base64.b64encode(to_bytes(samples)).decode()
        await self.send("input_audio_buffer.append", audio=audio)

    async def rest(self, ms: int) -> None:
        """So much silence, all at once."""
        await self.speak(ms, 0)

    async def close_code(self) -> int | None:
        """Wait for the end, and say how it came. None: without a word."""
        try:
            while True:
                await self._receive()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    def kinds(self) -> list[str]:
        """The types of all that came."""
        return [frame["type"] for frame in self.received]

    def sound(self) -> bytes:
        """All that was spoken, as it was encoded."""
        deltas = [frame["delta"] for frame in self.received if frame["type"] == "response.output_audio.delta"]
        return b"".join(map(base64.b64decode, deltas))

    async def _receive(self) -> Frame:
        frame = judged(json.loads(await self.connection.recv()))
        self.received.append(frame)
        return frame


@asynccontextmanager
async def visit(
    house: House,
    query: str = "?model=m",
    *,
    path: str = "/v1/realtime",
    key: str | None = None,
    subprotocols: Sequence[str] = (),
) -> AsyncIterator[Visitor]:
    """Connect. `key`: in the header."""
    async with connect(
        house.url.replace("/v1/voice", f"{path}{query}"),
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        additional_headers={"Authorization": f"Bearer {key}"} if key else None,
        compression=None,
        ping_interval=None,
        proxy=None,
        max_size=None,
        max_queue=None,
    ) as connection:
        yield Visitor(connection)
