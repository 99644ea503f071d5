"""Programs of others, started for a while on the loopback address, and ended in the end."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from voice_server.errors import ConfigurationError, LinkError
from voice_server.loopback import is_loopback

PATIENCE_S = 20.0
POLL_S = 0.05


def program(name: str) -> str:
    """Where it is installed. Raises ConfigurationError when it is not."""
    found = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    found = found or shutil.which(name)
    if not found:
        raise ConfigurationError(f"this needs {name}. Debian: apt-get install redis-server nginx-light")
    return found


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback address that nobody uses now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@asynccontextmanager
async def running(command: Sequence[str], port: int, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start it, and wait until it listens on `port`. What it prints goes to `log`. Raises LinkError."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        await _listening(process, port, log)
        yield process
    finally:
        await _ended(process)


async def fetched(url: str) -> Any:
    """The JSON at this address; None where nobody answers with any."""

    def fetch() -> Any:
        with _opener(url).open(url, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    try:
        return await asyncio.to_thread(fetch)
    except (OSError, ValueError):
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Goes to this machine itself directly, and elsewhere as the environment says."""
    proxies = (urllib.request.ProxyHandler({}),) if is_loopback(url) else ()
    return urllib.request.build_opener(*proxies)


async def _listening(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    deadline_s = asyncio.get_running_loop().time() + PATIENCE_S
    while not await _answers(port):
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline_s:
            said = await asyncio.to_thread(log.read_text, errors="replace")
            raise LinkError(f"{log.name} did not start: {said.strip()[-500:]}")
        await asyncio.sleep(POLL_S)


async def _answers(port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def _ended(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
