"""`voice-server serve` as a person starts it: a process of its own, and what it says."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

SERVE = (sys.executable, "-m", "voice_server", "serve")
LISTENING = re.compile(r"listening on (http://\S+)")
PATIENCE_S = 60.0


class ServerProcess:
    """A server on its way."""

    def __init__(self, process: asyncio.subprocess.Process, url: str = "") -> None:
        self._process = process
        self.url = url
        """`ws://HOST:PORT/v1/voice`; empty while it does not listen."""
        self.pid = process.pid

    async def listens(self) -> ServerProcess:
        """Wait until it says where."""
        assert self._process.stdout
        async with asyncio.timeout(PATIENCE_S):
            line = (await self._process.stdout.readline()).decode()
        found = LISTENING.search(line)
        assert found, (line, await self.ended())
        return ServerProcess(self._process, found[1].replace("http", "ws", 1) + "/v1/voice")

    async def ended(self) -> tuple[int, str]:
        """Wait for its end: the exit status, and what it said on stderr."""
        async with asyncio.timeout(PATIENCE_S):
            _, said = await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode, said.decode()


@asynccontextmanager
async def starting(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[ServerProcess]:
    """A server that starts; killed in the end, if it has not ended by then."""
    process = await _spawn(*arguments, env=env)
    try:
        yield ServerProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def serving(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[ServerProcess]:
    """A server that listens on a free port."""
    async with starting(*arguments, "--port", "0", env=env) as server:
        yield await server.listens()


async def outcome(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run it to its end: the exit status, and what it said on stderr."""
    async with starting(*arguments, env=env) as server:
        return await server.ended()


async def _spawn(*arguments: str, env: Mapping[str, str] | None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *SERVE,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
        preexec_fn=_interruptible,
    )


def _interruptible() -> None:
    """A shell has its background jobs ignore Ctrl-C, and they their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
