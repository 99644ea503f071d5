"""A client whose process stands still: its connection stays open, and nothing comes over it."""

from __future__ import annotations

import asyncio
import signal
import sys

from tests.transports.house import open_house
from tests.transports.listening import until

HEARTBEAT_MS = 500
PATIENCE_S = 30.0

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


async def test_a_client_that_stands_still_is_given_up_and_comes_back_when_it_wakes_up() -> None:
    async with open_house(session={"heartbeat_ms": HEARTBEAT_MS}) as house, asyncio.timeout(PATIENCE_S):
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, house.url, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert client.stdout
            assert await client.stdout.readline() == b"session.started\n"
            await until(lambda: house.sessions.attended == 1)
            client.send_signal(signal.SIGSTOP)
            await until(lambda: house.sessions.attended == 0)
            assert len(house.sessions) == 1, "its session is kept"
            client.send_signal(signal.SIGCONT)
            assert await client.stdout.readline() == b"connection\n"
            assert await client.stdout.readline() == b"session.resumed\n"
            await until(lambda: house.sessions.attended == 1)
        finally:
            client.kill()
            await client.communicate()
