"""Finding a model: only if every byte is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model_files.shelf import Shelf, file_table, model_table
from voice_server.errors import ModelFileError
from voice_server.model_files import default_models_dir, locate
from voice_server.model_files.catalogue import CHECKOUT_MODELS

PART = {"kind": "url", "url": "http://nowhere.invalid/x"}


@pytest.fixture
def stocked(shelf: Shelf) -> Shelf:
    """A shelf with one model in place."""
    files = [file_table(name, content, PART) for name, content in (("a", b"one"), ("b", b"two"))]
    shelf.write_list(model_table("tiny", *files), model_table("extra", files[0], default=False))
    place = shelf.directory / "tiny"
    place.mkdir()
    (place / "a").write_bytes(b"one")
    (place / "b").write_bytes(b"two")
    return shelf


def complaint(name: str, directory: Path) -> str:
    with pytest.raises(ModelFileError) as raised:
        locate(name, directory)
    return str(raised.value)


def test_a_verified_model_is_its_directory(stocked: Shelf) -> None:
    assert locate("tiny", stocked.directory) == stocked.directory / "tiny"


def test_a_changed_byte_is_found(stocked: Shelf) -> None:
    (stocked.directory / "tiny" / "b").write_bytes(b"twO")
    said = complaint("tiny", stocked.directory)
    assert "b has SHA-256" in said
    assert said.endswith("run `voice-server models fetch`")


def test_a_short_and_a_missing_file_are_both_counted(stocked: Shelf) -> None:
    (stocked.directory / "tiny" / "a").write_bytes(b"o")
    (stocked.directory / "tiny" / "b").unlink()
    assert "has 1 bytes instead of 3 (and 1 more)" in complaint("tiny", stocked.directory)


def test_a_model_that_is_no_default_is_fetched_by_name(stocked: Shelf) -> None:
    said = complaint("extra", stocked.directory)
    assert "extra is missing" in said
    assert said.endswith("run `voice-server models fetch extra`")


def test_the_directory_can_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_SERVER_MODELS_DIR", "/srv/models")
    assert default_models_dir() == Path("/srv/models")
    monkeypatch.delenv("VOICE_SERVER_MODELS_DIR")
    assert default_models_dir() == CHECKOUT_MODELS


@pytest.mark.models
def test_the_default_models_of_this_machine_are_right(models_dir: Path) -> None:
    assert locate("smart-turn-3.2", models_dir) == models_dir / "smart-turn-3.2"
