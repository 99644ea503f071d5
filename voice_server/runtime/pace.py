"""How fast a client may be: a recording may come faster than it sounds, and a flood ends its session.

What nobody can take in yet waits at the sender, by TCP; that slows a flood and does not end it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from voice_server.audio.rates import BYTES_PER_SAMPLE, FRAME_MS, samples_to_ms
from voice_server.ports import Clock, Farewell, Refused
from voice_server.runtime.inbound import Alive, Heard, Inbound

CAUGHT_UP = 2
"""Ms that each ms makes good: beside its sound a client has messages to send, and its clock may be fast."""
LEAST_MS = 2
"""What a piece of sound counts at least, however short: it is work."""


async def paced(
    inbound: AsyncIterator[Inbound], clock: Clock, limit_ms: int, rate_hz: int
) -> AsyncGenerator[Inbound, None]:
    """What comes in, until it is more than `limit_ms` ahead of its time: then a refusal, and nothing more.

    Sound at `rate_hz` counts as long as it sounds, a message as one frame.
    """
    ahead_ms, last_ms = 0, clock.now_ms()
    async for item in inbound:
        now_ms = clock.now_ms()
        ahead_ms = max(0, ahead_ms - CAUGHT_UP * (now_ms - last_ms)) + _length_ms(item, rate_hz)
        last_ms = now_ms
        if ahead_ms > limit_ms:
            why = f"what you send is more than {limit_ms} ms ahead of its time"
            yield Refused("too_much", why, farewell=Farewell.TOO_LARGE)
            await asyncio.Event().wait()  # until we have hung up
        yield item


def _length_ms(item: Inbound, rate_hz: int) -> int:
    match item:
        case Heard(pcm):
            return max(LEAST_MS, samples_to_ms(len(pcm) // BYTES_PER_SAMPLE, rate_hz))
        case Alive():
            return 0
        case _:
            return FRAME_MS
