"""Two fetches at the same time take turns."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from voice_server.errors import ModelFileError
from voice_server.model_files.staging import exclusive


def test_the_second_waits_until_the_first_is_done(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with exclusive(tmp_path, waiting.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(tmp_path, lambda: order.append("first waited")):
        thread.start()
        assert waiting.wait(timeout=10)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    said = r"cannot write .*; name another place with --dir"
    with pytest.raises(ModelFileError, match=said), exclusive(tmp_path / "file", lambda: None):
        pytest.fail("the lock was held")
