"""`voice-server replay`: play recordings to a server as a microphone would, and keep what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from voice_server.audio.rates import INPUT_HZ, SUPPORTED_INPUT_HZ
from voice_server.cli.options import with_options
from voice_server.cli.replay_against import replay_against
from voice_server.cli.replay_summary import Summary, summarize, told
from voice_server.cli.replay_trace import Ways, replay_traces
from voice_server.client.call import Call
from voice_server.client.keepsakes import write_recording
from voice_server.client.local_server import local_server
from voice_server.client.script import Action, BargeIn, Scene, Script, UntilAnswered
from voice_server.client.track import Track
from voice_server.client.voice_client import VoiceClient
from voice_server.client.wav import Sound, read_wav
from voice_server.errors import ConfigurationError, LinkError

BAD_INPUT = 2
INTERRUPTED = 130

messages = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
answers = Console(highlight=False, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Options:
    """What to play, to whom, and where to put what comes back."""

    files: Annotated[
        list[Path], typer.Argument(help="WAV files, each a session of its own; or traces (.jsonl).")
    ]
    url: Annotated[str | None, typer.Option(help="ws://HOST:PORT/v1/voice; none: starts a server.")] = None
    key: Annotated[str | None, typer.Option(envvar="VOICE_SERVER_KEY", help="The server's key.")] = None
    out: Annotated[
        Path | None,
        typer.Option(help="Directory for what comes back. Of WAV files: here.", file_okay=False),
    ] = None
    barge_in: Annotated[Path | None, typer.Option(help="A WAV to speak over the answer.")] = None
    barge_at: Annotated[
        str,
        typer.Option(
            metavar="S", help="When: seconds from the beginning; +S: after the answer is heard first."
        ),
    ] = "+1"
    config: Annotated[str, typer.Option(metavar="JSON", help="The session's configuration.")] = "{}"
    instructions: Annotated[str | None, typer.Option(help="The system prompt; short for --config.")] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
    models: Annotated[
        bool, typer.Option("--models", help="Traces: run their sound through the models again.")
    ] = False
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Traces: what would be different, as turn.responsiveness=0.8"
        ),
    ] = None
    against: Annotated[
        str | None, typer.Option(metavar="URL", help="Traces: play the client's side to this server.")
    ] = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The options, understood."""

    sounds: dict[str, Sound]
    """By the name that what comes back will have."""
    config: dict[str, Any]
    over: Sound | None
    """What to speak over the answer."""
    over_at_ms: float
    after_answer: bool


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
        code = _replay_traces(options, traces) if traces else replay_recordings(options, understood(options))
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


def understood(options: Options) -> Plan:
    """Read and check everything before anything begins. Raises ConfigurationError."""
    config = _config(options.config, options.instructions)
    rate_hz = int((config.get("audio") or {}).get("input_rate", INPUT_HZ))
    at_s, after_answer = _moment(options.barge_at)
    return Plan(
        sounds=dict(
            zip(_names(options.files), (_read(path, rate_hz) for path in options.files), strict=True)
        ),
        config=config,
        over=_read(options.barge_in, rate_hz) if options.barge_in else None,
        over_at_ms=at_s * 1000,
        after_answer=after_answer,
    )


def replay_recordings(options: Options, plan: Plan) -> int:
    """Replay the files one after the other. Returns the exit code. Raises LinkError."""
    done: list[Summary] = []
    try:
        asyncio.run(_play_all(options, plan, done))
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
                async with VoiceClient.connect(url, options.key) as client:
                    call = Call(client, Shown(_script(plan), progress, bar), _track(sound), plan.config)
                    await _hold(call, options.out or Path(), summary)


async def _hold(call: Call, out: Path, summary: Summary) -> None:
    """One session. Whatever ends it, what was recorded is written and summed up."""
    try:
        await call.hold()
    finally:
        recording = call.recording()
        summary |= summarize(recording)
        summary["written"] = [str(path) for path in write_recording(recording, out, str(summary["name"]))]


def _script(plan: Plan) -> UntilAnswered:
    barge_in = BargeIn(plan.over.samples, plan.over_at_ms, plan.after_answer) if plan.over else None
    return UntilAnswered(barge_in)


def _track(sound: Sound) -> Track:
    track = Track(sound.rate_hz)
    track.lay(sound.samples)
    return track


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


def _read(path: Path, rate_hz: int) -> Sound:
    sound = read_wav(path, rate_hz)
    for note in sound.notes:
        messages.print(f"{path}: {note}")
    return sound


def _config(text: str, instructions: str | None) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"--config is no JSON: {error}") from error
    if not isinstance(config, dict):
        raise ConfigurationError('--config has to be a JSON object, as in \'{"language": "en"}\'')
    rate_hz = (config.get("audio") or {}).get("input_rate", INPUT_HZ)
    if rate_hz not in SUPPORTED_INPUT_HZ:
        raise ConfigurationError(f"audio.input_rate {rate_hz} is none of {SUPPORTED_INPUT_HZ}")
    return config | ({"instructions": instructions} if instructions else {})


def _moment(text: str) -> tuple[float, bool]:
    """`2.5`: seconds from the beginning; `+0.8`: after the answer began to sound."""
    try:
        seconds = float(text)
    except ValueError:
        raise ConfigurationError(f"--barge-at {text!r} is no number of seconds, as in 2.5 or +0.8") from None
    if not 0 <= seconds < float("inf"):
        raise ConfigurationError(f"--barge-at {text} lies outside the session")
    return seconds, text.startswith("+")


def _names(files: Iterable[Path]) -> list[str]:
    """A name for each file, also when two files have the same."""
    names: list[str] = []
    for path in files:
        count = sum(name == path.stem or name.startswith(f"{path.stem}-") for name in names)
        names.append(f"{path.stem}-{count + 1}" if count else path.stem)
    return names


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
