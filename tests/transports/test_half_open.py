"""A client that is gone without a word: its connection stays open, and nothing comes over it.

Time is counted in the pings that the server sends meanwhile: a peer that answers none of two is dead.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from tests.transports.house import House, open_house
from tests.transports.listening import until
from tests.transports.network_namespace import OUTSIDE, network_namespace
from voice_server.runtime.connection import MISSED_HEARTBEATS

HEARTBEAT_MS = 500
PATIENCE_S = 30.0
PINGS = 'voice_messages_total{direction="out",type="ping"}'

CLIENT = """
import asyncio, sys
from voice_server.client.voice_client import VoiceClient

async def listen():
    async with VoiceClient.connect(sys.argv[1], returning=True) as client:
        await client.start({})
        print("session.started", flush=True)
        while True:
            entry = await client.receive()
            if entry.type in ("connection", "session.resumed"):
                print(entry.type, flush=True)

asyncio.run(listen())
"""


async def pings_sent(house: House) -> int:
    """By the server, to all clients."""
    base = house.url.replace("ws://", "http://").removesuffix("/v1/voice")
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return next((round(float(line.split()[-1])) for line in lines if line.startswith(PINGS)), 0)


async def assert_given_up_within_two_pings(house: House, before: int) -> None:
    """The one client of the house has been gone since the server had sent `before` pings."""
    await until(lambda: house.sessions.attended == 0)
    assert await pings_sent(house) - before <= MISSED_HEARTBEATS
    assert len(house.sessions) == 1, "its session is kept"


@asynccontextmanager
async def listener(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A client in a process of its own, that has begun a session."""
    client = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert await said(client) == "session.started"
        yield client
    finally:
        client.kill()
        await client.communicate()


async def said(client: asyncio.subprocess.Process) -> str:
    """Its next line."""
    assert client.stdout
    return (await client.stdout.readline()).decode().strip()


def client_of(url: str) -> Sequence[str]:
    """The command that runs it."""
    return sys.executable, "-c", CLIENT, url


async def test_a_client_that_stands_still_is_given_up_and_comes_back_when_it_wakes_up() -> None:
    async with (
        asyncio.timeout(PATIENCE_S),
        open_house(session={"heartbeat_ms": HEARTBEAT_MS}) as house,
        listener(*client_of(house.url)) as client,
    ):
        await until(lambda: house.sessions.attended == 1)
        client.send_signal(signal.SIGSTOP)
        await assert_given_up_within_two_pings(house, await pings_sent(house))
        client.send_signal(signal.SIGCONT)
        assert [await said(client), await said(client)] == ["connection", "session.resumed"]
        await until(lambda: house.sessions.attended == 1)


async def test_a_client_whose_network_is_gone_is_given_up() -> None:
    """Neither a FIN nor a RST comes: the cable between two network namespaces is pulled."""
    with network_namespace() as elsewhere:
        rules = {"heartbeat_ms": HEARTBEAT_MS}
        async with open_house(address="0.0.0.0", session=rules) as house, asyncio.timeout(PATIENCE_S):
            command = client_of(house.url.replace("127.0.0.1", OUTSIDE))
            async with listener(*elsewhere.command(*command)):
                await until(lambda: house.sessions.attended == 1)
                elsewhere.pull_the_cable()
                await assert_given_up_within_two_pings(house, await pings_sent(house))
