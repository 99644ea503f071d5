"""`voice-server talk`, as far as it goes on a machine without a microphone."""

from __future__ import annotations

import sys

import pytest
import typer
from typer.testing import CliRunner

from voice_server.cli.talk import talk, told

app = typer.Typer()
app.command()(talk)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # Python's own way to say: not installed
    result = CliRunner().invoke(app, ["--url", "ws://127.0.0.1:1/v1/voice"])
    assert result.exit_code == 2
    assert "pip install 'voice-server[talk]'" in result.stderr


def test_says_what_was_said_and_heard() -> None:
    assert told({"type": "transcript.final", "text": "Hello?"}) == "you        Hello?"
    done = {"type": "response.done", "status": "completed", "text": "Hi there, friend.", "heard": "Hi there."}
    assert told(done) == "assistant  Hi there."
    assert told(done | {"status": "interrupted"}) == "assistant  Hi there. [interrupted]"
    assert told({"type": "error", "message": "the model failed"}) == "error      the model failed"
    assert (told({"type": "connection", "lost": "the connection was lost"}) or "").strip() == (
        "the connection was lost; coming back"
    )
    assert (told({"type": "session.resumed"}) or "").strip() == "back"
    assert told({"type": "pong", "t": 1}) is None
