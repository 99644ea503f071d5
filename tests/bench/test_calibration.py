from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from voice_server.bench.calibration import Calibration, Metronome, calibrate
from voice_server.bench.scripted_server import run_scripted
from voice_server.client.memory_link import memory_links
from voice_server.client.voice_client import VoiceClient

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]


def test_in_virtual_time_the_benchmark_has_no_error_but_that_of_a_sample(run_virtual: RunVirtual) -> None:
    @asynccontextmanager
    async def connect() -> AsyncIterator[VoiceClient]:
        near, far = memory_links()
        async with asyncio.TaskGroup() as group:
            group.create_task(run_scripted(far, Metronome))
            yield VoiceClient(near)

    async def scenario() -> None:
        found = await calibrate(connect)
        assert isinstance(found, Calibration)
        assert found.turn_gap.n == found.barge_in_stop.n == 10
        assert found.turn_gap.p95 <= 1000 / 16_000
        assert found.barge_in_stop.p95 <= 1000 / 16_000

    run_virtual(scenario())
