"""The page about tools: its module makes tools, its settings load, its numbers and commands exist."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.tools.running import result
from voice_server.__main__ import app
from voice_server.settings import load
from voice_server.tools.functions import THREADS, FunctionTools
from voice_server.tools.modules import tools_in

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "tools.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a user has put the files of the page."""
    (module,) = blocks("python")
    (tmp_path / "my_tools.py").write_text(module, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("my_tools", None)


async def test_the_module_makes_tools_that_can_be_called(directory: Path) -> None:
    tools = FunctionTools(tools_in(["my_tools"]))
    assert [spec.name for spec in tools.specs] == ["find_book", "weather", "bake"]
    assert await result(tools, "find_book", title="Moby Dick") == "Moby Dick is in the hall, second row."


def test_the_settings_mount_it_and_the_command_shows_it(directory: Path) -> None:
    settings, mcp = blocks("toml")
    (directory / "settings.toml").write_text(settings, encoding="utf-8")
    shown = CliRunner().invoke(app, ["tools", "list", "--config", "settings.toml"])
    assert shown.exit_code == 0
    assert "Look for a book in the shelf at home." in shown.output
    (directory / "mcp.toml").write_text(mcp, encoding="utf-8")
    assert list(load(directory / "mcp.toml").tools.mcp) == ["files", "house"]


def test_the_numbers_and_the_variables_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"at most {THREADS} at once" in PAGE
    (name, value) = re.findall(r"(VOICE_SERVER_\w+)=(\w+) make run", PAGE)[0]
    monkeypatch.setenv(name, value)
    assert load().tools.demo
