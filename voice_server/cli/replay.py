"""`voice-server replay`: play recordings to a server as a microphone would, and keep what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from voice_server.cli.options import with_options
from voice_server.cli.replay_against import replay_against
from voice_server.cli.replay_plan import Options, Plan, understood
from voice_server.cli.replay_summary import Summary, summarize, told
from voice_server.cli.replay_trace import Ways, replay_traces
from voice_server.cli.termination import ended_by_sigterm
from voice_server.client.call import Call
from voice_server.client.keepsakes import write_recording
from voice_server.client.local_server import local_server
from voice_server.client.script import Action, Scene, Script
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import ConfigurationError, LinkError

BAD_INPUT = 2
INTERRUPTED = 130

messages = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
answers = Console(highlight=False, markup=False, soft_wrap=True)


@with_options(Options)
def replay(options: Options) -> None:
    """Play WAV files to a server in real time, as a microphone would, and write what was heard.

    For each NAME.wav: NAME.heard.wav (what sounded, silence included), NAME.mic.wav and NAME.messages.jsonl
    (every message both ways), all from the same time zero. Ctrl-C ends the session and still writes them.

    A captured session, TRACE.jsonl, goes through the core again, faster than real time, and every decision
    is compared: exit 1 if one is different. With `--models` or `--set` it goes through the whole runtime,
    and what came of it is set side by side; with `--out` as a new trace too. `--against` speaks to a server.
    """
    try:
        traces = [file for file in options.files if file.suffix == ".jsonl"]
        if traces:
            code = _replay_traces(options, traces)
        else:
            code = replay_recordings(options, understood(options, messages.print))
    except (ConfigurationError, LinkError) as error:
        messages.print(f"voice-server: {error}")
        code = BAD_INPUT
    raise typer.Exit(code)


def _replay_traces(options: Options, traces: list[Path]) -> int:
    if len(traces) < len(options.files):
        raise ConfigurationError("give WAV files or traces, not both")
    if options.against:
        return replay_against(traces, options.against, options.key, options.out or Path())
    ways = Ways(options.models, tuple(options.settings or ()), options.out, options.as_json)
    return replay_traces(traces, ways)


def replay_recordings(options: Options, plan: Plan) -> int:
    """Replay the files one after the other. Returns the exit code. Raises LinkError."""
    done: list[Summary] = []
    try:
        asyncio.run(ended_by_sigterm(_play_all(options, plan, done)))
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        _print(done, options.as_json)
    return 0


async def _play_all(options: Options, plan: Plan, done: list[Summary]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        async with _server(options.url, progress) as url:
            for name, sound in plan.sounds.items():
                bar = progress.add_task(name, total=len(sound.samples) / sound.rate_hz)
                summary: Summary = {"name": name, "server": url, "notes": list(sound.notes)}
                done.append(summary)
                async with VoiceClient.connect(url, options.key, returning=True) as client:
                    call = Call(client, Shown(plan.script(), progress, bar), plan.track(sound), plan.config)
                    await _hold(call, options.out or Path(), summary)


async def _hold(call: Call, out: Path, summary: Summary) -> None:
    """One session. Whatever ends it, what was recorded is written and summed up."""
    try:
        await call.hold()
    finally:
        recording = call.recording()
        summary |= summarize(recording)
        summary["written"] = [str(path) for path in write_recording(recording, out, str(summary["name"]))]


@dataclass(slots=True)
class Shown:
    """A script that shows how far it is."""

    script: Script
    progress: Progress
    bar: TaskID

    def act(self, scene: Scene) -> Iterable[Action]:
        self.progress.update(self.bar, completed=scene.now_ms / 1000)
        return self.script.act(scene)


@asynccontextmanager
async def _server(url: str | None, progress: Progress) -> AsyncIterator[str]:
    """The server that was named, or one of our own."""
    if url:
        yield url
        return
    starting = progress.add_task("starting a server", total=None)
    async with local_server() as server:
        progress.remove_task(starting)
        yield server.url


def _print(done: list[Summary], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"sessions": done}, ensure_ascii=False, indent=2))
        return
    for summary in done:
        answers.print(summary["name"])
        for line in told(summary) if "turns" in summary else ():
            answers.print(line)
        for path in summary.get("written", ()):
            answers.print(f"  wrote {path}")
