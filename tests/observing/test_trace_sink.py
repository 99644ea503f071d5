"""What a client may have sent is written down, whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voice_server.observing.trace_sink import SinkOptions, TraceSink


@pytest.mark.parametrize("text", ["é", "\ud800", "a\udfffb", "\\ud800", "\u2028", "\x00"])
def test_every_text_can_be_read_again(tmp_path: Path, text: str) -> None:
    sink = TraceSink(tmp_path / "x", SinkOptions())
    sink.write(lambda: {"k": "in", "text": text})
    sink.close()
    (line,) = (tmp_path / "x.jsonl").read_bytes().splitlines()
    assert json.loads(line) == {"k": "in", "text": text}
