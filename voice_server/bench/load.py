"""`bench load`: several people talk at the same time to one server on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from voice_server.bench.clips import Clip
from voice_server.bench.latency import connector
from voice_server.bench.numbers import Number, numbers
from voice_server.bench.running import Result, Setting, run_trials
from voice_server.bench.trials import Suite, Trial, planned
from voice_server.client.local_server import LocalServer
from voice_server.errors import ConfigurationError

MIB = 2**20
SHOWN = ("turn_gap", "final_transcript", "partial_lag", "underrun", "failed_sessions")


@dataclass(frozen=True, slots=True)
class Usage:
    """What the server's process takes."""

    memory_mib: float
    processor_s: float


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the load found."""

    sessions: int
    ready_after_ms: float
    memory_ready_mib: float
    memory_after_mib: float
    cores_used: float
    """Processor seconds per second, while they talked."""
    results: Sequence[Result]

    @property
    def numbers(self) -> list[Number]:
        """The numbers that load can change."""
        return [number for number in numbers(self.results) if number.key in SHOWN]


def process_watch() -> ModuleType:
    """psutil. Raises ConfigurationError when it is not installed."""
    try:
        import psutil
    except ImportError:
        raise ConfigurationError(
            "the load benchmark needs psutil: pip install 'voice-server[bench]'"
        ) from None
    return psutil


async def load_server(
    server: LocalServer, clips: Sequence[Clip], sessions: int, rounds: int, tell: Callable[[Result], None]
) -> Load:
    """Let `sessions` people each take `rounds` turns at the same time, each turn in a session of its own."""
    watched = process_watch().Process(server.pid)
    before, begun = _usage(watched), asyncio.get_running_loop().time()
    setting = Setting(connector(server.url))
    async with asyncio.TaskGroup() as group:
        talking = [
            group.create_task(run_trials(setting, trials, tell)) for trials in people(clips, sessions, rounds)
        ]
    after, elapsed_s = _usage(watched), asyncio.get_running_loop().time() - begun
    return Load(
        sessions=sessions,
        ready_after_ms=server.ready_after_ms,
        memory_ready_mib=before.memory_mib,
        memory_after_mib=after.memory_mib,
        cores_used=(after.processor_s - before.processor_s) / elapsed_s,
        results=[result for task in talking for result in task.result()],
    )


def people(clips: Sequence[Clip], sessions: int, rounds: int) -> list[list[Trial]]:
    """What each of them says: the clips, dealt out."""
    trials = planned(clips, {Suite.TURNS}, sessions * rounds)
    return [trials[index::sessions] for index in range(sessions)]


def _usage(watched: Any) -> Usage:
    spent = watched.cpu_times()
    return Usage(watched.memory_info().rss / MIB, spent.user + spent.system)
