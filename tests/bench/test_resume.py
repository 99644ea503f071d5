"""What becomes of a cycle that does not go as it should; whole cycles are in tests/cluster."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from voice_server.audio.pcm import Pcm
from voice_server.bench import resume
from voice_server.bench.cluster import Cluster
from voice_server.bench.resume import run_cycle
from voice_server.bench.scripted_server import Stage, scripted_server, tone


class Talkative:
    """Says something for ten seconds as soon as it hears anything."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def heard(self, samples: Pcm) -> None:
        if not self._stage.playing:
            self._stage.play(1, tone(10_000), self._stage.clock.now_ns())

    async def told(self, message: dict[str, Any]) -> None:
        pass


class At(Cluster):
    """A cluster of which only the address matters."""

    def __init__(self, url: str) -> None:
        super().__init__([], 0, 0, 0)
        self._at = url

    @property
    def url(self) -> str:
        return self._at


async def test_the_harm_ends_with_the_cycle_that_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume, "KILL_AFTER_MS", 20)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def harm(_cluster: Cluster) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with scripted_server(Talkative) as url, asyncio.timeout(30):
        cycle = asyncio.create_task(run_cycle(At(url), harm))
        await begun.wait()
        cycle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cycle
        assert ended.is_set()
