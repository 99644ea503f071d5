"""An HTTP server on loopback that answers every request as a test wants it, right or wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]
STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


class MisbehavingServer:
    """Does what `behaviour` does, once the request is there."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.asked = asyncio.Event()
        """A request has come."""
        self.left = asyncio.Event()
        """A client has hung up."""
        self.requests: list[dict[str, object]] = []
        self.keys: list[str] = []
        self._behaviour = behaviour
        self._talks: set[asyncio.Task[None]] = set()

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client has connected."""
        self._talks.add(asyncio.create_task(self._talk(reader, writer)))

    async def end(self) -> None:
        """Hang up on everybody."""
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._read_request(reader)
            await self._behaviour(writer)
            await writer.drain()
            await reader.read()
            self.left.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _read_request(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
        self.keys.append(headers["authorization"].removeprefix("bearer "))
        self.requests.append(json.loads(await reader.readexactly(int(headers["content-length"]))))
        self.asked.set()


@asynccontextmanager
async def serving(behaviour: Behaviour) -> AsyncGenerator[tuple[MisbehavingServer, str]]:
    """The server, and the address that a client is given."""
    misbehaving = MisbehavingServer(behaviour)
    server = await asyncio.start_server(misbehaving.meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield misbehaving, f"http://127.0.0.1:{port}/v1"
        finally:
            await misbehaving.end()


def status(code: int, message: str) -> Behaviour:
    """Answer with this status and OpenAI's form of an error."""
    body = json.dumps({"error": {"message": message, "type": "test"}})
    return plain(f"HTTP/1.1 {code} X\r\nContent-Type: application/json", body)


def plain(head: str, body: str) -> Behaviour:
    """Answer with exactly this."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    return write


def events(*data: str, end: bytes = END) -> Behaviour:
    """Stream these events. Without `end` the stream stays open."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM.encode())
        for item in data:
            event = f"data: {item}\n\n".encode()
            writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        writer.write(end)

    return write


def piece(text: str) -> str:
    """A piece of an answer as OpenAI streams it."""
    return _chunk({"content": text})


def piece_of_call(index: int, *, id: str | None = None, **function: str) -> str:
    """A piece of the call of a tool. `function`: what there is of its name and arguments."""
    begun = {"id": id, "type": "function"} if id else {}
    return _chunk({"tool_calls": [{"index": index, **begun, "function": function}]})


def _chunk(delta: dict[str, object]) -> str:
    return json.dumps({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]})


async def nothing(writer: asyncio.StreamWriter) -> None:
    """Never answer."""


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Begin an answer and close the connection in the middle of it."""
    await events(piece("One"), end=b"")(writer)
    await writer.drain()
    writer.close()
