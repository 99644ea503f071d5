"""Where the server under test is, and what is said to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

RATE_HZ = 24_000
FRAME_BYTES = RATE_HZ // 50 * 2
PATIENCE_S = 40.0
"""For anything at all: the machine may be busy."""


@dataclass(frozen=True, slots=True)
class Target:
    """The server under test."""

    address: str
    """`HOST:PORT`"""

    @property
    def base_url(self) -> str:
        """For clients that put `/realtime` behind it."""
        return f"http://{self.address}/v1"

    @property
    def socket_url(self) -> str:
        """For clients that want the whole address."""
        return f"ws://{self.address}/v1/realtime"


async def speak(sound: bytes, send: Callable[[bytes], Awaitable[None]]) -> None:
    """As a microphone would: 20 ms at a time, in real time."""
    clock = asyncio.get_running_loop()
    began_s = clock.time()
    for number, start in enumerate(range(0, len(sound), FRAME_BYTES), start=1):
        await send(sound[start : start + FRAME_BYTES])
        await asyncio.sleep(max(0.0, began_s + number * 0.02 - clock.time()))
