"""`voice-server replay TRACE.jsonl`: a captured session again, through the core, the models or a server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from voice_server.cli.rerun_trace import rerun
from voice_server.observing.trace_sink import Record
from voice_server.replaying.decisions import Comparison, compare_decisions, described

SHOWN_DIFFERENCES = 10
DIFFERENT = 1

answers = Console(highlight=False, markup=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Ways:
    """How traces are to be replayed."""

    models: bool
    settings: tuple[str, ...]
    out: Path | None
    as_json: bool


def replay_traces(paths: list[Path], ways: Ways) -> int:
    """Replay each. Returns the exit code: 1 if a decision is different. Raises ConfigurationError."""
    if ways.models or ways.settings or ways.out:
        return _rerun(paths, ways)
    compared = {path: compare_decisions(path) for path in paths}
    if ways.as_json:
        print(json.dumps({"traces": [_as_json(path, found) for path, found in compared.items()]}, indent=2))
    else:
        for path, found in compared.items():
            _tell(path, found)
    return DIFFERENT if any(found.differences for found in compared.values()) else 0


def _tell(path: Path, found: Comparison) -> None:
    said = f"{len(found.differences)} are different" if found.differences else "all the same"
    answers.print(
        f"{path.name}: {found.decisions} decisions in {found.length_ms / 1000:.1f} s, {said} "
        f"(replayed in {found.took_s:.2f} s)"
    )
    for note in found.notes:
        answers.print(f"  note: {note}")
    for difference in found.differences[:SHOWN_DIFFERENCES]:
        for line in described(difference):
            answers.print(f"  {line}")
    if len(found.differences) > SHOWN_DIFFERENCES:
        answers.print(
            f"  … and {len(found.differences) - SHOWN_DIFFERENCES} more, which may follow from these"
        )


def _as_json(path: Path, found: Comparison) -> Record:
    return {
        "trace": str(path),
        "decisions": found.decisions,
        "differences": [
            {"index": d.index, "at_ms": d.now_ms, "recorded": d.recorded, "replayed": d.replayed}
            for d in found.differences
        ],
        "length_ms": found.length_ms,
        "took_s": round(found.took_s, 3),
        "notes": found.notes,
    }


def _rerun(paths: list[Path], ways: Ways) -> int:
    rows = list(rerun(paths, ways.models, ways.settings, ways.out))
    if ways.as_json:
        print(json.dumps({"traces": [row.as_json() for row in rows]}, indent=2))
    else:
        for row in rows:
            for line in row.told():
                answers.print(line)
    return 0
