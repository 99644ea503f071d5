"""What `voice-server replay` is asked for, checked before anything begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from voice_server.audio.rates import INPUT_HZ, SUPPORTED_INPUT_HZ
from voice_server.client.script import BargeIn, UntilAnswered
from voice_server.client.track import Track
from voice_server.client.wav import Sound, read_wav
from voice_server.errors import ConfigurationError


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

    def script(self) -> UntilAnswered:
        """How each session goes."""
        if self.over is None:
            return UntilAnswered()
        return UntilAnswered(BargeIn(self.over.samples, self.over_at_ms, self.after_answer))

    def track(self, sound: Sound) -> Track:
        """What the microphone of its session hears."""
        track = Track(sound.rate_hz)
        track.lay(sound.samples)
        return track


def understood(options: Options, note: Callable[[str], None]) -> Plan:
    """Read and check everything. `note` is told what was done to a file. Raises ConfigurationError."""
    config = _config(options.config, options.instructions)
    rate_hz = _input_rate_hz(config)
    at_s, after_answer = _moment(options.barge_at)
    return Plan(
        sounds={
            name: _read(path, rate_hz, note)
            for name, path in zip(_names(options.files), options.files, strict=True)
        },
        config=config,
        over=_read(options.barge_in, rate_hz, note) if options.barge_in else None,
        over_at_ms=at_s * 1000,
        after_answer=after_answer,
    )


def _read(path: Path, rate_hz: int, note: Callable[[str], None]) -> Sound:
    sound = read_wav(path, rate_hz)
    for text in sound.notes:
        note(f"{path}: {text}")
    return sound


def _config(text: str, instructions: str | None) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"--config is no JSON: {error}") from error
    if not isinstance(config, dict):
        raise ConfigurationError('--config has to be a JSON object, as in \'{"language": "en"}\'')
    return config | ({"instructions": instructions} if instructions else {})


def _input_rate_hz(config: dict[str, Any]) -> int:
    audio = config.get("audio") or {}
    if not isinstance(audio, dict):
        raise ConfigurationError('--config: audio has to be an object, as in {"input_rate": 16000}')
    rate_hz = audio.get("input_rate", INPUT_HZ)
    if rate_hz not in SUPPORTED_INPUT_HZ:
        raise ConfigurationError(f"--config: audio.input_rate {rate_hz} is none of {SUPPORTED_INPUT_HZ}")
    return int(rate_hz)


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
