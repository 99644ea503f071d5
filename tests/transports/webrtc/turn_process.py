"""A TURN server in a process of its own, on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.transports.listening import until

USER, PASSWORD = "me", "secret"
OPTIONS = (
    *("-n", "--no-cli", "--no-tls", "--no-dtls", "--log-file", "stdout"),
    *("--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--allow-loopback-peers"),
    *("--lt-cred-mech", "--realm", "voice", "--user", f"{USER}:{PASSWORD}"),
)


@asynccontextmanager
async def turn_process(directory: Path) -> AsyncIterator[int]:
    """Debian's coturn: its port, of UDP and TCP. Skips the test where there is none, but not in CI."""
    binary = shutil.which("turnserver")
    if not binary and os.environ.get("CI") != "true":
        pytest.skip("needs coturn (Debian: apt-get install coturn)")
    assert binary, "CI needs coturn"
    port = _free_port()
    files = ("--pidfile", str(directory / "pid"), "--userdb", str(directory / "users"))
    options = (*OPTIONS, *files, "--listening-port", str(port))
    server = await asyncio.create_subprocess_exec(binary, *options, stdout=DEVNULL, stderr=DEVNULL)
    try:
        await until(lambda: _listens(port))
        yield port
    finally:
        server.terminate()
        await server.wait()


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
