"""What the server tells of where it is: by asking a STUN server, and from its settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from aioice import stun

from voice_server.app import ice_options
from voice_server.settings import WebrtcSettings
from voice_server.transports.webrtc.ice import IceConnection, IceOptions, TurnServer

PUBLIC = ("203.0.113.9", 40_000)


class StunServer(asyncio.DatagramProtocol):
    """Tells everybody the same public address."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = stun.parse_message(data)
        answer = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=asked.transaction_id,
        )
        answer.attributes["XOR-MAPPED-ADDRESS"] = PUBLIC
        self.transport.sendto(bytes(answer), addr)


@asynccontextmanager
async def stun_server() -> AsyncIterator[tuple[str, int]]:
    """Its address."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(StunServer, ("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[:2]
    finally:
        transport.close()


async def gathered(options: IceOptions) -> list[tuple[str, str, int]]:
    """Type, address and port of what a call would be told."""
    connection = IceConnection(options)
    try:
        await connection.gather_candidates()
        return [(c.type, c.host, c.port) for c in connection.local_candidates]
    finally:
        await connection.close()


async def test_a_stun_server_tells_the_public_address() -> None:
    async with stun_server() as address:
        told = await gathered(IceOptions(addresses=("127.0.0.1",), stun=address))
    assert ("srflx", *PUBLIC) in told
    assert [kind for kind, _, _ in told] == ["host", "srflx"]


async def test_a_stun_server_that_is_away_takes_nothing_but_its_candidate() -> None:
    told = await gathered(IceOptions(addresses=("127.0.0.1",), stun=("127.0.0.1", 9)))
    assert [kind for kind, _, _ in told] == ["host"]


async def test_an_announced_address_takes_the_place_of_the_bound_one() -> None:
    ports = range(47_310, 47_320)
    options = IceOptions(addresses=("127.0.0.1",), ports=ports, announced_address=PUBLIC[0])
    ((kind, address, port),) = await gathered(options)
    assert (kind, address) == ("host", PUBLIC[0])
    assert port in ports


async def test_an_address_that_is_not_there_is_left_out() -> None:
    told = await gathered(IceOptions(addresses=("203.0.113.1", "127.0.0.1")))
    assert [address for _, address, _ in told] == ["127.0.0.1"]


async def test_without_a_port_there_is_no_call() -> None:
    with pytest.raises(ConnectionError, match="no UDP port is free"):
        await gathered(IceOptions(addresses=("203.0.113.1",)))


def test_settings_become_options() -> None:
    settings = WebrtcSettings.model_validate(
        {
            "ports": "50000-50001",
            "stun_url": "stun:stun.example.org",
            "turn_url": "turns:turn.example.org:443?transport=tcp",
            "turn_username": "me",
            "turn_password": "secret",
        }
    )
    options = ice_options(settings)
    assert options.ports == range(50_000, 50_002)
    assert options.stun == ("stun.example.org", 3_478)
    assert options.turn == TurnServer("turn.example.org", 443, "me", "secret", "tcp", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ports": "50001-50000"},
        {"ports": "0-7"},
        {"ports": "many"},
        {"stun_url": "x"},
        {"turn_url": "stun:x"},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WebrtcSettings.model_validate(wrong)
