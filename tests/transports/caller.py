"""A client that says whatever it likes: raw frames in, messages out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Message = dict[str, Any]


class Caller:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.audio: list[bytes] = []
        """Every binary frame that was received."""

    async def send(self, data: Message | str | bytes) -> None:
        """A message, or a frame as it is."""
        await self.connection.send(json.dumps(data) if isinstance(data, dict) else data)

    async def start(self, **config: Any) -> Message:
        """Begin a session."""
        await self.send({"type": "session.start", "config": config})
        return await self.next("session.started")

    async def next(self, *types: str) -> Message:
        """The next message of one of these types; what comes before it is passed over."""
        while (message := await self._receive()) is None or message["type"] not in types:
            pass
        return message

    async def hears(self) -> None:
        """Wait for the next audio."""
        while await self._receive() is not None:
            pass

    async def answered(self, text: str) -> Message:
        """Ask, and hear the answer out: its `response.done`."""
        await self.send({"type": "user.text", "text": text})
        return await self.next("response.done")

    async def is_alive(self) -> bool:
        """Whether the session answers a ping."""
        await self.send({"type": "ping", "t": 7.5})
        return bool((await self.next("pong"))["t"] == 7.5)

    async def close_code(self) -> int | None:
        """Wait for the end, and say how it came. None: without a word."""
        try:
            while True:
                await self._receive()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    def vanish(self) -> None:
        """Be gone without a word."""
        self.connection.transport.abort()

    async def _receive(self) -> Message | None:
        data = await self.connection.recv()
        if isinstance(data, bytes):
            self.audio.append(data)
            return None
        message: Message = json.loads(data)
        return message


@asynccontextmanager
async def call(
    url: str, *, subprotocols: Sequence[str] = ("voice.v1",), key: str | None = None
) -> AsyncIterator[Caller]:
    """Connect. `key`: in the header."""
    async with connect(
        url,
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        additional_headers={"Authorization": f"Bearer {key}"} if key else None,
        compression=None,
        ping_interval=None,
        proxy=None,
        max_size=None,
        max_queue=None,  # a closing client whose queue is full would wait for the server's farewell in vain
    ) as connection:
        yield Caller(connection)
