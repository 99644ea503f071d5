"""Several voice servers, the Redis that they share, and nginx in front, on the loopback address."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from voice_server.bench.processes import fetched, free_ports, program, running
from voice_server.client.local_server import SERVE, LocalServer, local_server
from voice_server.errors import LinkError

Tell = Callable[[str], None]

REDIS = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")
ENDING_S = 3
LOOKS_A_SECOND = 10
SETTINGS = """
[store]
kind = "redis"
url = "redis://127.0.0.1:{redis_port}/0"
"""


@dataclass(slots=True)
class Member:
    """One of the voice servers. It keeps its port when it is started again."""

    port: int
    settings: Path
    _server: LocalServer | None = None
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def address(self) -> str:
        """`http://HOST:PORT`"""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Of its process, while it runs."""
        return self._server.pid if self._server else None

    async def start(self) -> None:
        """Returns when it is ready. Raises LinkError when it does not get there."""
        command = (*SERVE[:-1], str(self.port), "--config", str(self.settings))
        self._server = await self._running.enter_async_context(local_server(command))

    async def kill(self) -> None:
        """As the machine's loss would: it cannot do or say anything any more."""
        assert self._server
        os.kill(self._server.pid, signal.SIGKILL)
        await self.stop()

    async def stop(self) -> None:
        """Ask it to end, and wait for that; no harm if it has ended."""
        self._server = None
        await self._running.aclose()

    async def sessions(self) -> int:
        """How many sessions it serves now; 0 while it does not run."""
        ready = await fetched(f"{self.address}/readyz") if self._server else None
        return int(ready["sessions"]) if ready else 0


@dataclass(slots=True)
class Cluster:
    """What runs."""

    members: Sequence[Member]
    port: int
    """nginx's."""
    redis_port: int
    redis_pid: int

    @property
    def page(self) -> str:
        """The web client, through nginx."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def url(self) -> str:
        """Where clients connect, `ws://…/v1/voice`."""
        return f"ws://127.0.0.1:{self.port}/v1/voice"

    async def holder(self) -> Member:
        """The one member that serves a session now. Raises LinkError when there is none.

        Waits a moment for another to end the session before.
        """
        for _ in range(ENDING_S * LOOKS_A_SECOND):
            counts = await asyncio.gather(*[member.sessions() for member in self.members])
            holders = [member for member, count in zip(self.members, counts, strict=True) if count]
            if len(holders) == 1:
                return holders[0]
            await asyncio.sleep(1 / LOOKS_A_SECOND)
        raise LinkError(f"{len(holders)} servers hold a session, and one should")


@asynccontextmanager
async def cluster(count: int, tell: Tell, settings: str = "") -> AsyncIterator[Cluster]:
    """Start it all, one after the other; leaving ends it. `settings`: more TOML for the servers.

    Raises ConfigurationError where a program is missing, LinkError where one does not start.
    """
    nginx, redis = program("nginx"), program("redis-server")
    ports = free_ports(count + 2)
    port, redis_port, *server_ports = ports
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voice-cluster-")))
        config, conf = _furnished(home, ports, settings)
        tell(f"Redis on port {redis_port}")
        store = await stack.enter_async_context(
            running(
                (redis, "--port", str(redis_port), "--dir", str(home), *REDIS), redis_port, home / "redis"
            )
        )
        members = [Member(member_port, config) for member_port in server_ports]
        for member in members:
            tell(f"a voice server on port {member.port}")
            stack.push_async_callback(member.stop)
            await member.start()
        tell(f"nginx on port {port}")
        front = (nginx, "-p", str(home), "-c", str(conf), "-e", str(home / "nginx.log"))
        await stack.enter_async_context(running(front, port, home / "nginx"))
        yield Cluster(members, port, redis_port, store.pid)


def _furnished(home: Path, ports: Sequence[int], settings: str) -> tuple[Path, Path]:
    """The files of settings, of the servers and of nginx."""
    port, redis_port, *server_ports = ports
    home.chmod(0o755)  # nginx gives up its rights
    config, conf = home / "server.toml", home / "nginx.conf"
    config.write_text(SETTINGS.format(redis_port=redis_port) + settings, encoding="utf-8")
    conf.write_text(nginx_conf(home, port, server_ports), encoding="utf-8")
    return config, conf


def nginx_conf(directory: Path, port: int, server_ports: Sequence[int]) -> str:
    """The configuration of nginx, with its names filled in."""
    template = resources.files("voice_server.bench").joinpath("nginx.conf").read_text(encoding="utf-8")
    servers = [f"    server 127.0.0.1:{member} max_fails=1 fail_timeout=1s;" for member in server_ports]
    names = {"directory": str(directory), "listen": f"127.0.0.1:{port}", "servers": "\n".join(servers)}
    for name, value in names.items():
        template = template.replace(f"<{name}>", value)
    return template
