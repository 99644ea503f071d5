"""The parts of a cluster that need no models; the whole of it is in tests/cluster."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import SetProxy
from voice_server.bench.cluster import Cluster, Member, nginx_conf
from voice_server.bench.processes import fetched, free_ports, program, running
from voice_server.errors import ConfigurationError, LinkError


@asynccontextmanager
async def answering(text: bytes) -> AsyncIterator[int]:
    """A server that says this to everybody. Gives its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def nginx() -> str:
    """Where nginx is. Skips where it is not, but not in CI."""
    try:
        return program("nginx")
    except ConfigurationError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("needs nginx (Debian: apt-get install nginx-light)")


async def test_nginx_goes_to_the_server_that_is_there(tmp_path: Path) -> None:
    command = nginx()
    (port, nobody) = free_ports(2)
    async with answering(b'{"sessions": 3}') as somebody:
        conf = tmp_path / "nginx.conf"
        await asyncio.to_thread(conf.write_text, nginx_conf(tmp_path, port, [nobody, somebody]))
        front = (command, "-p", str(tmp_path), "-c", str(conf), "-e", str(tmp_path / "nginx.log"))
        async with running(front, port, tmp_path / "nginx"):
            answers = [await fetched(f"http://127.0.0.1:{port}/readyz") for _ in range(4)]
    assert answers == [{"sessions": 3}] * 4
    assert await fetched(f"http://127.0.0.1:{port}/readyz") is None


async def test_a_proxy_is_asked_about_others_and_not_about_this_machine(set_proxy: SetProxy) -> None:
    (nobody,) = free_ports(1)
    async with answering(b'"here"') as here, answering(b'"the proxy"') as proxy:
        set_proxy(f"http://127.0.0.1:{nobody}")
        assert await fetched(f"http://127.0.0.1:{here}/") == "here"
        set_proxy(f"http://127.0.0.1:{proxy}")
        assert await fetched("http://elsewhere.invalid/") == "the proxy"


def test_every_name_in_the_configuration_is_filled_in(tmp_path: Path) -> None:
    conf = nginx_conf(tmp_path, 8080, [1, 2])
    assert "<" not in "".join(line.partition("#")[0] for line in conf.splitlines())
    assert conf.count("    server 127.0.0.1:") == 2


async def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with pytest.raises(LinkError, match=r"nginx did not start: .*no such file"):
        async with running(("sh", "-c", "echo no such file; exit 1"), port, tmp_path / "nginx"):
            pass


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError, match="this needs no-such-program"):
        program("no-such-program")


async def test_the_holder_is_the_one_member_with_a_session(tmp_path: Path) -> None:
    async def held(*counts: int) -> int:
        members = [Told(number, tmp_path, told=count) for number, count in enumerate(counts)]
        return (await Cluster(members, 0, 0, 0).holder()).port

    assert await held(0, 2, 0) == 1
    for counts in ((0, 0), (1, 1)):
        with pytest.raises(LinkError, match="servers hold a session, and one should"):
            await held(*counts)


class Told(Member):
    """A member that is told what to say."""

    def __init__(self, port: int, settings: Path, told: int) -> None:
        super().__init__(port, settings)
        self.told = told

    async def sessions(self) -> int:
        return self.told
