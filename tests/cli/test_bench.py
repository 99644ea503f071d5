"""`voice-server bench`, as a person runs it; what it measures is tested in tests/bench."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from voice_server.cli.bench import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_each_benchmark_explains_itself() -> None:
    assert all(name in run("--help").stdout for name in ("latency", "load", "recognition"))
    for name in ("latency", "load"):
        assert run(name, "--help").exit_code == 0


def test_recordings_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    for arguments in (("latency", "--controls"), ("latency",), ("load",)):
        result = run(*arguments, "--audio", tmp_path)
        assert result.exit_code == 2, result.output
        assert "there is no manifest.jsonl" in result.stderr
        assert "Traceback" not in result.output


def test_numbers_outside_their_range_are_refused() -> None:
    assert run("latency", "--responsiveness", "2").exit_code == 2
    assert run("load", "--sessions", "1000").exit_code == 2
