"""A `WebSocketLink` on a real connection, and the client at its other end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from tests.transports.listening import listening
from voice_server.ports import AudioFrame, Farewell
from voice_server.protocol.frames import decode_audio
from voice_server.serving import server_config
from voice_server.transports.native import CLOSE_CODES, Terms
from voice_server.transports.websocket import WebSocketLink

RATE_HZ = 16_000
TERMS = Terms(lead_ms=300, heartbeat_ms=10_000, resume_window_ms=0, idle_ms=None)
RECEIVE_BUFFER_BYTES = 32 * 1024


class SocketPeer:
    """The client: it reads only when it is asked what it received."""

    one_way = True

    def __init__(self, link: WebSocketLink, connection: ClientConnection) -> None:
        self.link = link
        self._connection = connection

    async def received(self, count: int) -> list[tuple[str, int, int] | AudioFrame]:
        """The next so many: a message's type, seq and t_ms, or a frame."""
        return [_told(await self._connection.recv()) for _ in range(count)]

    async def leave(self) -> None:
        """Gone, without a word."""
        self._connection.transport.abort()
        await self._connection.wait_closed()

    async def farewell(self) -> Farewell:
        """What it was told when the connection was closed."""
        with suppress(ConnectionClosedError):
            async for _ in self._connection:  # whatever was under way
                pass
        code = self._connection.close_code
        return next(farewell for farewell, known in CLOSE_CODES.items() if known == code)


def _told(data: str | bytes) -> tuple[str, int, int] | AudioFrame:
    if isinstance(data, str):
        message = json.loads(data)
        return message["type"], message["seq"], message["t_ms"]
    frame = decode_audio(data)
    return AudioFrame(frame.response, frame.position, frame.last, frame.pcm)


@asynccontextmanager
async def socket_peer() -> AsyncIterator[SocketPeer]:
    """Both ends of one connection."""
    links: asyncio.Queue[WebSocketLink] = asyncio.Queue()
    over = asyncio.Event()
    app = FastAPI()

    @app.websocket("/")
    async def serve(websocket: WebSocket) -> None:
        await websocket.accept()
        links.put_nowait(WebSocketLink(websocket, RATE_HZ, TERMS))
        await over.wait()

    async with listening(uvicorn.Server(server_config(app))) as url:
        with socket.create_connection(_address(url)) as narrow:
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            async with connect(url, sock=narrow, compression=None, max_queue=1) as connection:
                yield SocketPeer(await links.get(), connection)
                over.set()
                connection.transport.abort()


def _address(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("ws://").split(":")
    return host, int(port)
