"""`voice-server replay TRACE.jsonl` and `voice-server inspect`, as a person runs them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.observing.captured import captured
from tests.runtime.stage import QUESTION
from voice_server.cli.inspect_trace import inspect
from voice_server.cli.replay import replay

app = typer.Typer()
app.command()(replay)
app.command()(inspect)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asyncio.run(captured(tmp_path_factory.mktemp("captured")))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_same_decisions_are_said_to_be_the_same(trace: Path) -> None:
    result = run("replay", trace)
    assert result.exit_code == 0
    assert "all the same" in result.stdout


def test_another_decision_is_shown_and_is_the_exit_code(trace: Path, tmp_path: Path) -> None:
    text = trace.read_text(encoding="utf-8").replace('"reason":"barge_in"', '"reason":"client"', 1)
    (tmp_path / "other.jsonl").write_text(text, encoding="utf-8")
    result = run("replay", tmp_path / "other.jsonl", "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)["traces"]
    assert len(found["differences"]) == 1


def test_another_setting_is_set_beside_what_was_captured_and_written(trace: Path, tmp_path: Path) -> None:
    result = run("replay", trace, "--set", "turn.responsiveness=1", "--out", tmp_path, "--json")
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["traces"]
    gaps = {name: numbers["gap p50, ms"] for name, numbers in found["runs"].items()}
    assert gaps["turn.responsiveness=1"] < gaps["captured"]
    again = run("replay", tmp_path / f"{trace.stem}.again.jsonl")
    assert again.exit_code == 0, again.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "turn.speed=1"], "turn has mode, responsiveness"),
        (["--set", "models.stt=whisper-base"], "needs --models"),
        (["--models", "--set", "models.threads=3"], "there are stt, llm, tts, turn"),
        (["hello.wav"], "give WAV files or traces, not both"),
    ],
)
def test_options_that_make_no_sense_are_a_sentence(trace: Path, options: list[str], says: str) -> None:
    result = run("replay", trace, *options)
    assert result.exit_code == 2
    assert says in result.stderr.replace("\n", " ")


def test_a_page_is_drawn_beside_the_trace(trace: Path) -> None:
    result = run("inspect", trace)
    assert result.exit_code == 0
    assert QUESTION in trace.with_suffix(".html").read_text(encoding="utf-8")
