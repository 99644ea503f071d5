"""A real server on a real socket, in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn

from voice_server.serving import SEND_BUFFER_BYTES

POLL_S = 0.01
PATIENCE_S = 20.0


@asynccontextmanager
async def listening(server: uvicorn.Server, address: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve on a free port; yields `ws://HOST:PORT`, on loopback. Leaving ends the server."""
    with socket.create_server((address, 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await until(lambda: server.started or serving.done())
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


async def until(holds: Callable[[], object]) -> None:
    """Wait for what comes over a real socket, sooner or later."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  nobody sets an event for what a kernel does
            await asyncio.sleep(POLL_S)
