"""A bad network: a UDP relay that loses and delays packets by chance, always the same chance."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

Address = tuple[str, int]

CANDIDATE = re.compile(r"^a=candidate:(\S+) 1 udp (\d+) (\S+) (\d+) typ host\r?\n", re.MULTILINE)


@dataclass
class Weather:
    """What happens to a packet."""

    loss: float = 0.0
    """Between 0 and 1."""
    jitter_ms: int = 0
    """Each is delayed so long at the most, one as likely as another: they overtake each other."""
    cut: bool = False
    """Nothing gets through."""


class _Side(asyncio.DatagramProtocol):
    def __init__(self, came: Callable[[bytes, Address], None]) -> None:
        self._came = came

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._came(data, addr)

    def error_received(self, exc: Exception) -> None:
        """An end is gone: then nobody is there to be told."""


class Relay:
    """One client on one side, the server on the other."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self.weather = weather
        self.carried = self.lost = 0
        self._chance = random.Random(seed)
        self._client: Address | None = None
        self._server: Address | None = None
        self._near: asyncio.DatagramTransport | None = None
        self._far: asyncio.DatagramTransport | None = None

    async def answer(self, sdp: str) -> str:
        """The server's SDP, with this relay in the server's place."""
        candidates = [match for match in CANDIDATE.finditer(sdp) if ":" not in match[3]]
        first = candidates[0]
        self._server = first[3], int(first[4])
        host = first[3]
        port = await self.open(host, 0)
        return CANDIDATE.sub("", sdp).replace(
            "a=end-of-candidates",
            f"a=candidate:1 1 udp {first[2]} {host} {port} typ host\r\na=end-of-candidates",
        )

    async def open(self, host: str, port: int) -> int:
        """Be there for the client at this address, 0 for any port: the port."""
        loop = asyncio.get_running_loop()
        assert self._server
        inside = self._server[0]
        self._near, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_client), (host, port))
        self._far, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_server), (inside, 0))
        taken: int = self._near.get_extra_info("sockname")[1]
        return taken

    def close(self) -> None:
        """Both sides."""
        for side in (self._near, self._far):
            if side:
                side.close()

    def _from_client(self, data: bytes, address: Address) -> None:
        self._client = address
        self._carry(self._far, data, self._server)

    def _from_server(self, data: bytes, address: Address) -> None:
        self._carry(self._near, data, self._client)

    def _carry(self, way: asyncio.DatagramTransport | None, data: bytes, to: Address | None) -> None:
        if self.weather.cut or self._chance.random() < self.weather.loss:
            self.lost += 1
            return
        self.carried += 1
        delay_s = self._chance.random() * self.weather.jitter_ms / 1000
        asyncio.get_running_loop().call_later(delay_s, self._send, way, data, to)

    def _send(self, way: asyncio.DatagramTransport | None, data: bytes, to: Address | None) -> None:
        if way and to and not way.is_closing():
            way.sendto(data, to)


@asynccontextmanager
async def relay(weather: Weather, seed: int = 1) -> AsyncIterator[Relay]:
    """A relay, closed in the end."""
    between = Relay(weather, seed)
    try:
        yield between
    finally:
        between.close()
