"""`voice-server tools list`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from voice_server.__main__ import app


def test_each_tool_is_shown_with_its_description_and_its_arguments(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[tools]\ndemo = true\n")
    shown = CliRunner().invoke(app, ["tools", "list", "--config", str(file)])
    assert shown.exit_code == 0
    blocks = shown.output.split("\n\n")
    names = [block.splitlines()[0] for block in blocks if block and not block.startswith(" ")]
    assert names == ["current_time", "set_timer", "calculate"]
    assert "    Set a timer. It says so when the time is up." in shown.output
    assert '    "seconds": {' in shown.output


def test_where_there_are_none_it_says_how_to_have_some() -> None:
    shown = CliRunner().invoke(app, ["tools", "list"])
    assert shown.output == "There are no tools: set tools.demo, tools.modules or tools.mcp.\n"
