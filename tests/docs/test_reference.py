"""The reference says what the code does: its generated parts are fresh, its example is a valid session."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from voice_server.__main__ import app
from voice_server.protocol.codec import CLIENT_MESSAGES, SERVER_MESSAGES, decode, decode_server
from voice_server.protocol.wire import Wire
from voice_server.reference.described import described
from voice_server.reference.fields import rows
from voice_server.reference.markdown import fill, table
from voice_server.reference.pages import rendered

PAGES = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("page", ["protocol.md", "settings.md", "command-line.md"])
def test_the_page_is_as_generated(page: str) -> None:
    texts = {file.name: text for file, text in rendered(PAGES, typer.main.get_command(app))}
    assert texts[page] == (PAGES / page).read_text(encoding="utf-8"), "stale: run `make docs`"


def test_every_message_and_field_is_described() -> None:
    for adapter in (CLIENT_MESSAGES, SERVER_MESSAGES):
        outline = described(adapter, Wire)
        for tag in outline.tags:
            assert outline.message(tag)["description"]
            for field, _, _, meaning in rows(outline, outline.message(tag)):
                assert meaning, f"{tag}: {field}"


def example() -> list[tuple[str, str]]:
    """The lines of the session at the top of the page: who speaks, and what."""
    page = (PAGES / "protocol.md").read_text(encoding="utf-8")
    match = re.search(r"## A session\n.*?```text\n(.*?)```", page, re.DOTALL)
    assert match
    return [(line[0], line[2:]) for line in match[1].splitlines()]


def test_the_example_is_made_of_valid_messages() -> None:
    for speaker, text in example():
        if text.startswith("{"):
            type_ = json.loads(text)["type"]
            read: Any = decode(text) if speaker == "C" else decode_server(text).message
            assert read.type == type_


def test_the_example_counts_its_messages() -> None:
    received = [decode_server(text) for who, text in example() if who == "S" and text.startswith("{")]
    assert [each.seq for each in received] == list(range(1, len(received) + 1))
    assert [each.t_ms for each in received] == sorted(each.t_ms for each in received)


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PAGES, tmp_path / "reference"))


def test_the_command_writes_what_is_stale(copies: Path) -> None:
    page = copies / "settings.md"
    fresh = page.read_text(encoding="utf-8")
    page.write_text(fresh.replace("`8000`", "`9000`"), encoding="utf-8")
    runner = CliRunner()
    checked = runner.invoke(app, ["docs", "--dir", str(copies), "--check"])
    assert (checked.exit_code, checked.output) == (1, f"{page}: stale; run `make docs`\n")
    written = runner.invoke(app, ["docs", "--dir", str(copies)])
    assert (written.exit_code, written.output) == (0, f"{page}: written\n")
    assert page.read_text(encoding="utf-8") == fresh
    assert runner.invoke(app, ["docs", "--dir", str(copies), "--check"]).exit_code == 0


def test_prose_around_a_region_is_kept() -> None:
    page = "Before.\n<!-- generated: a -->\nold\n<!-- end of a -->\nAfter."
    once = fill(page, {"a": "new"})
    assert once == "Before.\n<!-- generated: a -->\n\nnew\n\n<!-- end of a -->\nAfter."
    assert fill(once, {"a": "new"}) == once


@pytest.mark.parametrize("regions", [{}, {"b": "x"}, {"a": "x", "b": "x"}])
def test_a_region_without_a_text_or_a_text_without_a_region_is_refused(regions: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="the page has the regions"):
        fill("<!-- generated: a -->\n<!-- end of a -->", regions)


def test_bars_in_cells_are_escaped() -> None:
    assert table(("a",), [("x|y",)]) == "| a |\n| --- |\n| x\\|y |"
