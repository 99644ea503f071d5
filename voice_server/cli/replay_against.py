"""`voice-server replay TRACE.jsonl --against URL`: the client's side again, to a live server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from voice_server.cli.replay_summary import summarize, told
from voice_server.client.call import Call
from voice_server.client.keepsakes import write_recording
from voice_server.client.voice_client import VoiceClient
from voice_server.observing.trace_file import Trace, read_trace
from voice_server.replaying.client_side import config_of, script_of, track_of
from voice_server.replaying.outcome import outcome_of

answers = Console(highlight=False, markup=False, soft_wrap=True)


def replay_against(paths: Sequence[Path], url: str, key: str | None, out: Path) -> int:
    """Say it all again, in real time. Returns the exit code. Raises TraceError, LinkError."""
    for trace in [read_trace(path) for path in paths]:
        asyncio.run(_again(trace, url, key, out))
    return 0


async def _again(trace: Trace, url: str, key: str | None, out: Path) -> None:
    async with VoiceClient.connect(url, key, returning=True) as client:
        call = Call(client, script_of(trace), track_of(trace), config_of(trace))
        try:
            await call.hold()
        finally:
            recording = call.recording()
            _tell(trace)
            answers.print(f"against {url}")
            for line in told(summarize(recording)):
                answers.print(line)
            for path in write_recording(recording, out, trace.path.stem):
                answers.print(f"  wrote {path}")


def _tell(trace: Trace) -> None:
    outcome = outcome_of(trace.of("core"))
    answers.print(f"{trace.path.name}, as captured")
    for reply in outcome.replies:
        gap = "" if reply.gap_ms is None else f", {reply.gap_ms} ms after the words"
        said = outcome.turns.get(reply.turn, "(nothing said)")
        answers.print(f"  {reply.began_ms / 1000:6.2f}s  you: {said}  →  {reply.status}{gap}")
