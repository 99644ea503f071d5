"""A voice server of one's own, in a process of its own, for as long as it is needed."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from voice_server.client.clock import NS_PER_MS, NS_PER_S, LoopClock
from voice_server.errors import LinkError

SERVE = (sys.executable, "-m", "voice_server", "serve", "--host", "127.0.0.1", "--port", "0")
LISTENING = re.compile(r"listening on (http://\S+)")
POLL_S = 0.05
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that is ready."""

    url: str
    """Where to connect, `ws://…/v1/voice`."""
    pid: int
    ready_after_ms: float
    """From the start of the process to the first 200 of `/readyz`."""


@asynccontextmanager
async def local_server(
    command: Sequence[str] = SERVE, timeout_s: float = READY_TIMEOUT_S
) -> AsyncIterator[LocalServer]:
    """Start a server on a free loopback port, wait until it is ready; leaving ends it.

    The process prints `listening on http://HOST:PORT` and answers 200 on `/readyz` when it is ready. Raises
    LinkError, with the last lines that it printed, when it ends or is not ready in time.
    """
    clock = LoopClock()
    begun_ns = clock.now_ns()
    with tempfile.TemporaryDirectory(prefix="voice-server-") as directory:
        output = Path(directory) / "output"
        process = await _spawn(command, output)
        try:
            address = await _ready(process, output, begun_ns + round(timeout_s * NS_PER_S))
            ready_after_ms = (clock.now_ns() - begun_ns) / NS_PER_MS
            url = address.replace("http://", "ws://", 1).rstrip("/") + "/v1/voice"
            yield LocalServer(url, process.pid, ready_after_ms)
        finally:
            await _end(process)


async def _spawn(command: Sequence[str], output: Path) -> asyncio.subprocess.Process:
    with output.open("wb") as file:
        return await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )


async def _ready(process: asyncio.subprocess.Process, output: Path, deadline_ns: int) -> str:
    """Its address, when it is ready."""
    while LoopClock().now_ns() < deadline_ns:
        if process.returncode is not None:
            raise LinkError(f"the server ended while it started (exit {process.returncode}){_last(output)}")
        address = _address(output)
        if address and await _answers(address):
            return address
        await asyncio.sleep(POLL_S)
    raise LinkError(f"the server was not ready in time{_last(output)}")


def _address(output: Path) -> str | None:
    match = LISTENING.search(output.read_text(errors="replace"))
    return match[1] if match else None


async def _answers(address: str) -> bool:
    """Whether `/readyz` says 200."""
    where = urlsplit(address)
    try:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
    except OSError:
        return False
    try:
        writer.write(f"GET /readyz HTTP/1.0\r\nHost: {where.netloc}\r\n\r\n".encode())
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _last(output: Path, lines: int = 8) -> str:
    """The end of what it printed, for the error."""
    said = output.read_text(errors="replace").strip().splitlines()[-lines:]
    return ":\n  " + "\n  ".join(said) if said else ""
