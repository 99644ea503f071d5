"""A network between a client and a server that fails when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE_BYTES = 65_536


@dataclass(slots=True)
class Cutter:
    """Passes on what comes, to and from the server."""

    url: str = ""
    """Where clients connect."""
    connections: int = 0
    """So many have been made."""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        """Both ends see their connections reset; what was under way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    def stop(self) -> None:
        """Nothing goes through any more, and nobody is told: connections are half open."""
        self._flowing.clear()

    def flow(self) -> None:
        """All that was held back goes through, and what comes."""
        self._flowing.set()

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """One connection, until either side ends it."""
        self.connections += 1
        onward, back = await asyncio.open_connection(host, port)
        self._writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, back))
                group.create_task(self._pump(onward, writer))
        finally:
            self._writers -= {writer, back}
            writer.close()
            back.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await source.read(PIECE_BYTES):
                await self._flowing.wait()
                sink.write(piece)
                await sink.drain()
        sink.close()


@asynccontextmanager
async def cutter(url: str) -> AsyncIterator[Cutter]:
    """In front of the server at `ws://HOST:PORT/PATH`."""
    where = urlsplit(url)
    network = Cutter()
    network.flow()
    carrying: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert where.hostname
        assert where.port
        work = network.carry(reader, writer, where.hostname, where.port)
        carrying.add(asyncio.ensure_future(work))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    network.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}{where.path}"
    try:
        yield network
    finally:
        server.close()
        network.flow()
        network.cut()
        if carrying:
            await asyncio.wait(carrying)
