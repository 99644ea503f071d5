"""`voice-server models`, as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.model_files.shelf import Shelf, file_table, model_table
from voice_server.__main__ import app, main


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A shelf that lists one default model, from a local file, and one that cannot be had."""
    (tmp_path / "mine.bin").write_bytes(b"weights")
    mine = file_table("model.bin", b"weights", {"kind": "file", "path": "../mine.bin"})
    gone = file_table("model.bin", b"weights", {"kind": "file", "path": "../gone.bin"})
    shelf = Shelf(tmp_path / "models")
    shelf.write_list(model_table("tiny", mine), model_table("huge", gone, default=False))
    return shelf


def run(shelf: Shelf, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments, "--dir", str(shelf.directory)])


def test_fetch_takes_the_defaults_and_the_second_run_fetches_nothing(shelf: Shelf) -> None:
    first = run(shelf, "fetch")
    assert first.exit_code == 0
    assert "Fetching tiny" in first.output
    assert shelf.kept() == {"tiny/model.bin"}
    (shelf.directory.parent / "mine.bin").unlink()
    assert run(shelf, "fetch").output == "Nothing to fetch; there and verified: tiny\n"


def test_list_says_what_is_there(shelf: Shelf) -> None:
    run(shelf, "fetch")
    lines = run(shelf, "list").output.splitlines()
    assert lines[0] == "tiny, default: there"
    assert lines[3] == "huge: not there"


def test_verify_exits_1_on_a_damaged_file(shelf: Shelf) -> None:
    run(shelf, "fetch")
    assert run(shelf, "verify").exit_code == 0
    (shelf.directory / "tiny" / "model.bin").write_bytes(b"WEIGHTS")
    result = run(shelf, "verify")
    assert result.exit_code == 1
    assert "model.bin has SHA-256" in result.output


def test_an_error_is_one_sentence(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["voice-server", "models", "fetch", "tinny", "--dir", str(shelf.directory)]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit, match="1"):
        main()
    said = capsys.readouterr().err
    assert said == "voice-server: there is no model named 'tinny'; models.toml has: tiny, huge\n"


def test_help_teaches() -> None:
    result = CliRunner().invoke(app, ["models", "fetch", "--help"])
    assert "Run it again" in result.output
