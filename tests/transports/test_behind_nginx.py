"""A proxy that cuts silent connections, as most do after 60 s; here after one, so that nobody waits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.transports.house import open_house
from voice_server.bench.cluster import nginx_conf
from voice_server.bench.processes import free_ports, program, running
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import ConfigurationError

IDLE_S = 1
SILENCE_S = 3.0


@asynccontextmanager
async def behind_nginx(url: str, directory: Path) -> AsyncIterator[str]:
    """The same server, behind the tested configuration with a short patience."""
    try:
        command = program("nginx")
    except ConfigurationError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("needs nginx (Debian: apt-get install nginx-light)")
    (port,), server = free_ports(1), urlsplit(url)
    assert server.port
    text = nginx_conf(directory, port, [server.port]).replace(" 60s;", f" {IDLE_S}s;")
    assert text.count(f" {IDLE_S}s;") >= 2
    conf = directory / "nginx.conf"
    await asyncio.to_thread(conf.write_text, text)
    front = (command, "-p", str(directory), "-c", str(conf), "-e", str(directory / "nginx.log"))
    async with running(front, port, directory / "nginx"):
        yield f"ws://127.0.0.1:{port}{server.path}"


async def lost_in_silence(url: str) -> bool:
    """Whether a session in which nobody says or sends anything loses its connection."""
    async with VoiceClient.connect(url, returning=True) as client:
        await client.start({})
        try:
            async with asyncio.timeout(SILENCE_S):
                while (await client.receive()).type != "connection":
                    pass
                return True
        except TimeoutError:
            return False


async def test_heartbeats_keep_a_silent_session_open(tmp_path: Path) -> None:
    async with (
        open_house(session={"heartbeat_ms": 300}) as house,
        behind_nginx(house.url, tmp_path) as url,
    ):
        assert not await lost_in_silence(url)


async def test_without_heartbeats_in_time_the_proxy_cuts_it(tmp_path: Path) -> None:
    async with (
        open_house(session={"heartbeat_ms": 10_000}) as house,
        behind_nginx(house.url, tmp_path) as url,
    ):
        assert await lost_in_silence(url)
