"""A real server process, with its own models for hearing and speaking, for clients that no one here wrote."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from tests.conformance.language_server import language_server
from tests.conformance.target import RATE_HZ, Target

REPOSITORY = Path(__file__).parents[2]
COMMAND = os.environ.get("VOICE_SERVER_COMMAND", str(REPOSITORY / ".venv" / "bin" / "voice-server"))
READY_S = 180.0
SILENCE = bytes(2 * RATE_HZ * 2)

collect_ignore_glob = [] if os.environ.get("VOICE_CONFORMANCE") else ["test_*.py"]


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The server, ready."""
    log, captures = tmp_path_factory.mktemp("server") / "log", tmp_path_factory.mktemp("captures")
    with language_server() as url, log.open("wb") as output:
        rules = {"VOICE_SERVER_LLM__URL": url, "VOICE_SERVER_LLM__MODEL": "scripted"}
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", "0", "--capture", str(captures)],
            env=os.environ | rules,
            stdout=output,
            stderr=output,
        )
        try:
            yield Target(_ready(process, log))
        finally:
            process.terminate()
            process.wait(30)
    sys.stderr.write(log.read_text(errors="replace"))
    _judge(captures)


def _judge(captures: Path) -> None:
    """Every event of every session is as the openai package's types want it, whoever it was for."""
    judge: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
    lines = [line for trace in captures.glob("**/*.jsonl") for line in trace.read_text().splitlines()]
    sent = [
        record["message"] for record in map(json.loads, lines) if record["k"] == "out" and "message" in record
    ]
    assert sent
    for message in sent:
        judge.validate_json(json.dumps(message), strict=True)


def _ready(process: subprocess.Popen[bytes], log: Path) -> str:
    """Its address, `127.0.0.1:PORT`, when it takes sessions."""
    until = monotonic() + READY_S
    while monotonic() < until:
        found = re.search(r"listening on http://(\S+)", log.read_text(errors="replace"))
        if found and _answers(f"http://{found[1]}/readyz"):
            return found[1]
        if process.poll() is not None:
            break
        sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text(errors='replace')}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def question() -> bytes:
    """A question, spoken: s16le at 24 kHz, and two seconds of silence."""
    return _spoken() + SILENCE


@pytest.fixture(scope="session")
def objection() -> bytes:
    """The same three times without a pause, for who wants to be heard over an answer on a busy machine."""
    return _spoken() * 3 + SILENCE


def _spoken() -> bytes:
    with wave.open(str(REPOSITORY / "tests" / "audio" / "speech" / "q_brooklyn_bridge.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        times = np.arange(len(samples) * RATE_HZ // file.getframerate()) * file.getframerate() / RATE_HZ
    spoken: bytes = np.interp(times, np.arange(len(samples)), samples).astype(np.int16).tobytes()
    return spoken
