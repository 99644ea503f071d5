"""`voice-server bench load`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from voice_server.bench.clips import load_clips
from voice_server.bench.load import Load, load_server, process_watch
from voice_server.bench.machine import described
from voice_server.bench.records import number_record, write_json
from voice_server.bench.table import numbers_table
from voice_server.cli.bench_screen import (
    RECORDINGS,
    Json,
    Recordings,
    finished,
    output,
    screen,
    trials_shown,
)
from voice_server.client.local_server import local_server

MAX_SESSIONS = 64


def load(
    sessions: Annotated[
        int, typer.Option(min=1, max=MAX_SESSIONS, help="So many talk at the same time.")
    ] = 4,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="So many turns each.")] = 5,
    json_file: Json = None,
    audio: Recordings = RECORDINGS,
) -> None:
    """Start a server and let several people talk to it at once; on this machine, and only for a while.

    Says how long it took to be ready, its memory with the default models, the turn gap, and processor time.
    """
    found = finished(lambda: _measure(audio, sessions, rounds), asyncio.run)
    _show(found)
    if json_file:
        record = {"numbers": [number_record(number) for number in found.numbers], "load": found}
        write_json(json_file, {"benchmark": "load", "machine": described(), **record})
        output.print(f"wrote {json_file}", markup=False)


async def _measure(audio: Path, sessions: int, rounds: int) -> Load:
    process_watch()  # its absence should not be found out later
    clips = load_clips(audio, ("speech",))
    screen.print("starting a server")
    async with local_server() as server:
        with trials_shown(sessions * rounds, f"{sessions} at once") as tell:
            return await load_server(server, clips, sessions, rounds, tell)


def _show(found: Load) -> None:
    output.print(numbers_table(found.numbers, f"{found.sessions} sessions at once"))
    output.print(
        f"ready after {found.ready_after_ms / 1000:.1f} s; "
        f"memory {found.memory_ready_mib:.0f} MiB when ready, {found.memory_after_mib:.0f} MiB after; "
        f"{found.cores_used:.2f} cores in use"
    )
