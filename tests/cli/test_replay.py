"""`voice-server replay`, as a person runs it."""

from __future__ import annotations

import asyncio
import json
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from voice_server.audio.pcm import Pcm
from voice_server.bench.scripted_server import Stage, scripted_server, tone
from voice_server.cli.replay import replay
from voice_server.client.wav import read_wav, write_wav

app = typer.Typer()
app.command()(replay)

ANSWER_MS = 200


class Parrot:
    """Answers the first loud frame, shortly."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._answered = False

    async def heard(self, samples: Pcm) -> None:
        if self._answered or not samples.any():
            return
        self._answered = True
        await self._stage.say("transcript.final", turn=1, text="Hello?", start_ms=0, end_ms=100)
        await self._stage.say("response.started", response=1, turn=1)
        self._stage.play(1, tone(ANSWER_MS), self._stage.clock.now_ns())

    async def told(self, message: dict[str, Any]) -> None:
        return


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a parrot, in a thread of its own."""
    ready, over = threading.Event(), asyncio.Event()
    found: dict[str, Any] = {}

    async def serve() -> None:
        async with scripted_server(Parrot) as url:
            found.update(url=url, loop=asyncio.get_running_loop())
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    yield found["url"]
    found["loop"].call_soon_threadsafe(over.set)
    thread.join()


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A tenth of a second of sound."""
    write_wav(tmp_path / "hello.wav", np.full(1_600, 6_000, np.int16), 16_000)
    return tmp_path / "hello.wav"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_plays_writes_what_was_heard_and_says_who_said_what(server: str, hello: Path, tmp_path: Path) -> None:
    result = run(
        hello, "--url", server, "--out", tmp_path / "out", "--json", "--config", '{"language": "en"}'
    )
    assert result.exit_code == 0, result.output
    (session,) = json.loads(result.stdout)["sessions"]
    assert session["turns"][0]["text"] == "Hello?"
    assert session["responses"][0]["status"] == "completed"
    heard = read_wav(tmp_path / "out" / "hello.heard.wav", 16_000).samples
    begin = int(np.flatnonzero(heard)[0])
    assert session["responses"][0]["audible_ms"] == round(begin / 16, 1)
    assert np.array_equal(heard[begin : begin + ANSWER_MS * 16], tone(ANSWER_MS))
    sent = read_wav(tmp_path / "out" / "hello.mic.wav", 16_000).samples
    assert sent[:1_600].tolist() == [6_000] * 1_600
    assert not sent[1_600:].any()
    lines = (tmp_path / "out" / "hello.messages.jsonl").read_text().splitlines()
    first, *rest = [json.loads(line) for line in lines]
    assert first["message"] == {"type": "session.start", "config": {"language": "en"}}
    assert [row["t_ms"] for row in rest] == sorted(row["t_ms"] for row in rest)
    audio = [row["message"] for row in rest if row["from"] == "server" and row["message"]["type"] == "audio"]
    assert sum(message["samples"] for message in audio) == ANSWER_MS * 16
    assert (audio[0]["flags"], audio[-1]["flags"]) == (0, 1)


def test_the_summary_is_for_people(server: str, hello: Path, tmp_path: Path) -> None:
    result = run(hello, "--url", server, "--out", tmp_path)
    assert result.exit_code == 0
    assert "you        Hello?" in result.stdout
    assert "assistant  tone (completed" in result.stdout
    assert "hello.heard.wav" in result.stdout


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    result = run(tmp_path / "none.wav")
    assert result.exit_code == 2
    assert "there is no file" in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_is_no_wav_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    result = run(tmp_path / "text.wav")
    assert (result.exit_code, "cannot be read as a PCM WAV" in result.stderr) == (2, True)


def test_stereo_is_taken_with_a_note_and_a_server_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "two.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes(bytes(range(100)))
    result = run(tmp_path / "two.wav", "--url", "ws://127.0.0.1:1/v1/voice", "--out", tmp_path)
    assert result.exit_code == 2
    assert "2 channels mixed down to one" in result.stderr
    assert "8000 Hz resampled to 16000 Hz" in result.stderr
    assert "no voice server answers at" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--config", "{", "is no JSON"),
        ("--config", "[1]", "has to be a JSON object"),
        ("--config", '{"audio": {"input_rate": 11025}}', "is none of"),
        ("--config", '{"audio": 16000}', "audio has to be an object"),
        ("--barge-at", "soon", "is no number of seconds"),
        ("--barge-at", "-1", "lies outside the session"),
        ("--barge-in", "none.wav", "there is no file"),
    ],
)
def test_options_that_make_no_sense_are_a_sentence(hello: Path, option: str, value: str, says: str) -> None:
    result = run(hello, f"{option}={value}")
    assert result.exit_code == 2
    assert says in result.stderr.replace("\n", " ")
