"""Models that cannot be loaded: what is said, and what is left behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.adapters.test_tools_mcp import SERVER
from tests.model_files.shelf import Shelf, file_table, model_table
from voice_server.app import load_models
from voice_server.errors import ModelFileError
from voice_server.settings import ModelSettings, Settings
from voice_server.tool_settings import McpSettings, ToolSettings


@pytest.fixture
def files(tmp_path: Path) -> ModelSettings:
    """A model that has no graph in it, for every use."""
    shelf, name = Shelf(tmp_path / "models"), "words-only"
    (tmp_path / "words").write_bytes(b"words")
    source = {"kind": "file", "path": str(tmp_path / "words")}
    shelf.write_list(model_table(name, file_table("words.txt", b"words", source)))
    shelf.fetch(name)
    return ModelSettings(dir=shelf.directory, stt=name, llm=name, tts=name, turn=name)


def test_a_model_of_another_kind_is_named_with_its_setting(files: ModelSettings) -> None:
    with pytest.raises(ModelFileError, match=r"models\.turn: words-only has no file \*\.onnx"):
        load_models(Settings(models=files))


def test_where_there_are_no_models_the_programs_of_tools_are_ended(
    files: ModelSettings, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    command = ("sh", "-c", f"echo $$ > {pid}; exec {sys.executable} {SERVER}")
    tools = ToolSettings(mcp={"test": McpSettings(command=command)})
    with pytest.raises(ModelFileError) as kept:  # and with it all that it names
        load_models(Settings(models=files, tools=tools))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    del kept
