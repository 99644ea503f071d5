"""`bench latency`: how fast a server takes turns, and how often it is wrong about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voice_server.bench.calibration import Calibration, Metronome, calibrate
from voice_server.bench.machine import described
from voice_server.bench.numbers import Number, numbers, waterfall
from voice_server.bench.records import number_record
from voice_server.bench.running import Connect, Result, Setting, run_trials
from voice_server.bench.scripted_server import scripted_server
from voice_server.bench.statistics import Distribution
from voice_server.bench.trials import Suite, Trial
from voice_server.client.voice_client import VoiceClient

DIAL = (0.0, 0.25, 0.5, 0.75, 1.0)
CURVE_SUITES = (Suite.TURNS, Suite.LONG)

Tell = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Run:
    """The results at one setting, and what they come down to."""

    results: list[Result]
    responsiveness: float | None = None
    """The setting of the dial; None leaves it to the server."""

    @property
    def numbers(self) -> list[Number]:
        """Every number with its goal."""
        return numbers(self.results)

    @property
    def waterfall(self) -> dict[str, Distribution]:
        """The turn by stage."""
        return waterfall(self.results)

    def number(self, key: str) -> Number:
        """One number. Raises KeyError."""
        return {number.key: number for number in self.numbers}[key]


@dataclass(slots=True)
class Report:
    """What one call of the benchmark found."""

    server: str
    calibration: Calibration
    machine: dict[str, Any] = field(default_factory=described)
    planned: int = 0
    """So many sessions were meant to be held; after Ctrl-C there are fewer."""
    run: Run | None = None
    curve: list[Run] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "benchmark": "latency",
            "server": self.server,
            "machine": self.machine,
            "planned": self.planned,
            "own_error_ms": self.calibration,
            **(_run_record(self.run) if self.run else {}),
            "curve": [_run_record(run) for run in self.curve],
        }


def connector(url: str, key: str | None = None) -> Connect:
    """Connections to the server at this `ws://` address."""
    return lambda: VoiceClient.connect(url, key)


async def measure_own_error() -> Calibration:
    """Measure the benchmark with itself, over real sockets."""
    async with scripted_server(Metronome) as url:
        return await calibrate(connector(url))


async def measure(connect: Connect, trials: Sequence[Trial], run: Run, keep: Path | None, tell: Tell) -> None:
    """Run the trials, one after the other, at the run's setting of the dial, into the run."""
    dial = run.responsiveness
    config: Mapping[str, Any] = {} if dial is None else {"turn": {"responsiveness": dial}}

    def note(result: Result) -> None:
        run.results.append(result)
        tell(result)

    await run_trials(Setting(connect, config, keep), trials, note)


async def measure_curve(connect: Connect, trials: Sequence[Trial], curve: list[Run], tell: Tell) -> None:
    """Run the trials at five settings of the dial, into the curve."""
    for dial in DIAL:
        curve.append(Run([], dial))
        await measure(connect, trials, curve[-1], None, tell)


def _run_record(run: Run) -> dict[str, Any]:
    return {
        "responsiveness": run.responsiveness,
        "numbers": [number_record(number) for number in run.numbers],
        "waterfall_ms": run.waterfall,
        "trials": run.results,
    }
