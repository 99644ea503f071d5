"""A trace through the core again: the same decisions, and every other one is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.observing.captured import captured
from voice_server.observing.redaction import Redaction
from voice_server.observing.trace_file import TraceError
from voice_server.observing.trace_sink import SinkOptions
from voice_server.replaying.decisions import compare_decisions, described


async def test_the_same_core_decides_the_same(tmp_path: Path) -> None:
    found = compare_decisions(await captured(tmp_path))
    assert found.decisions > 50
    assert found.differences == []
    assert found.notes == []


async def test_a_decision_that_is_different_is_found_and_shown(tmp_path: Path) -> None:
    path = await captured(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    index = next(i for i, line in enumerate(lines) if '"ResponseStopped"' in line)
    lines[index] = lines[index].replace('"reason":"barge_in"', '"reason":"client"')
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    (difference,) = compare_decisions(path).differences
    assert difference.now_ms == json.loads(lines[index])["at"]
    shown = "\n".join(described(difference))
    assert "- ResponseStopped {'response': 1, 'reason': 'client'" in shown
    assert "+ ResponseStopped {'response': 1, 'reason': 'barge_in'" in shown


async def test_a_trace_with_a_gap_is_compared_up_to_it(tmp_path: Path) -> None:
    path = await captured(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    half = len(lines) // 2
    gap = json.dumps({"k": "gap", "at": 5, "why": "queue", "lost": 1}, separators=(",", ":"))
    path.write_text("\n".join([*lines[:half], gap, *lines[half + 9 :], ""]), encoding="utf-8")
    found = compare_decisions(path)
    assert found.differences == []
    assert found.decisions == sum('{"k":"core"' in line for line in lines[:half])
    assert "records are missing from 5 ms on (queue)" in found.notes


async def test_without_words_there_is_nothing_to_compare(tmp_path: Path) -> None:
    path = await captured(tmp_path, SinkOptions(Redaction(words=False)))
    with pytest.raises(TraceError, match="captured without words"):
        compare_decisions(path)
