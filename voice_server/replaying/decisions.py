"""A trace through the core again: does it decide as it did?"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

from voice_server.core.trace import Difference, replay
from voice_server.observing.trace_file import TraceError, read_trace
from voice_server.observing.trace_sink import Record

CORE = ("core",)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it."""

    decisions: int
    differences: list[Difference]
    """From the first on, everything may differ."""
    length_ms: int
    took_s: float
    """Reading the file included."""
    notes: list[str]


def compare_decisions(path: Path) -> Comparison:
    """Tell a new core what the old one was told. Raises TraceError where that cannot be done."""
    began_s = time.perf_counter()
    trace = read_trace(path, CORE)
    if "words" in trace.head.get("left_out", ()):
        raise TraceError(f"{path.name} was captured without words: what was decided by them cannot be again")
    whole = list(itertools.takewhile(lambda record: record["k"] != "gap", trace.records))
    trace.records = [record for record in whole if record["k"] == "core"]
    try:
        differences = list(replay(trace.core))
    except ValueError as error:
        raise TraceError(f"{path}: {error}") from None
    took_s = time.perf_counter() - began_s
    return Comparison(len(trace.records), differences, trace.end_ms, took_s, trace.notes)


def described(difference: Difference) -> list[str]:
    """What it decided and what it decides now, in lines for people."""
    return [
        f"at {difference.now_ms} ms (decision {difference.index}):",
        *(f"  - {_brief(command)}" for command in difference.recorded),
        *(f"  + {_brief(command)}" for command in difference.replayed),
    ]


def _brief(command: Record) -> str:
    fields = {name: value for name, value in command.items() if name != "type" and name != "messages"}
    return f"{command.get('type', 'raised')} {fields}"
