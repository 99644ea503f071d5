"""What the page shows is what happened."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.observing.captured import CapturedStage, captured, converse, trace_in
from tests.runtime.stage import QUESTION
from tests.runtime.staged_models import ANSWER
from voice_server.core import commands as facts
from voice_server.observing.redaction import Redaction
from voice_server.observing.trace_file import read_trace
from voice_server.observing.trace_sink import SinkOptions
from voice_server.replaying.page_writer import page_of
from voice_server.replaying.picture import STAGES, picture_of
from voice_server.replaying.sounds import PEAK_MS


@pytest.fixture
def picture(tmp_path: Path) -> dict[str, Any]:
    return picture_of(read_trace(asyncio.run(captured(tmp_path))))


def test_the_floor_has_no_holes(picture: dict[str, Any]) -> None:
    floor = picture["floor"]
    assert floor[0][0] == 0
    assert floor[-1][1] == picture["end"]
    assert all(before[1] == after[0] for before, after in pairwise(floor))
    assert {"user", "endpointing", "agent", "contested"} <= {name for _, _, name in floor}


def test_the_users_sound_and_speech_lie_over_each_other(picture: dict[str, Any]) -> None:
    peaks = base64.b64decode(picture["user"]["peaks"])
    begin, end = picture["speech"][0]
    middle = int(((begin + end) / 2 - picture["user"]["start"]) / PEAK_MS)
    assert peaks[middle] > 100
    assert peaks[int((end + 500 - picture["user"]["start"]) / PEAK_MS)] == 0


async def test_what_was_heard_stops_at_a_stop_and_goes_on_at_a_resume(tmp_path: Path) -> None:
    stage = CapturedStage(tmp_path)
    await converse(stage)
    picture = picture_of(read_trace(trace_in(tmp_path)))
    stopped_ms, resumed_ms = stage.time_of(facts.ResponseStopped), stage.time_of(facts.ResponseResumed)
    first, second = [span for span in picture["heard"] if span["response"] == 1][:2]
    assert stopped_ms - 20 <= first["end_ms"] <= stopped_ms + 1
    assert resumed_ms <= second["start_ms"] <= resumed_ms + 40
    assert second["position"] == stage.told(facts.ResponseResumed)[0].position
    cut = [word for word in picture["words"] if word["response"] == 1 and not word["whole"]]
    assert len(cut) <= 1


def test_words_clauses_and_stages_are_there(picture: dict[str, Any]) -> None:
    assert picture["finals"][0]["text"] == QUESTION
    assert picture["clauses"][0]["text"] in ANSWER
    response = picture["responses"][0]
    assert response["asked"] == QUESTION
    assert set(response["stages"]) == set(STAGES)
    assert response["stages"]["first_playback"] == max(response["stages"].values())
    assert picture["numbers"]["stops"] == picture["numbers"]["taken back"] == 1


def test_the_page_needs_nothing_else(picture: dict[str, Any]) -> None:
    assert not re.search(r"(src|href)\s*=|@import|url\(", page_of(picture))


@pytest.mark.parametrize("text", ["</script><b>", "<!--<script>", "/*SCRIPT*/", "/*DATA*/", "\ud800 é"])
def test_no_message_gets_out_of_the_data(text: str) -> None:
    picture = {"messages": [{"at": 1, "from": "client", "type": "x", "raw": text}]}
    page = page_of(picture)
    assert page.encode()
    assert page.count("<script") == 2
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    assert json.loads(found[1]) == picture


def test_a_trace_without_sound_has_a_picture_too(tmp_path: Path) -> None:
    path = asyncio.run(captured(tmp_path, SinkOptions(Redaction(sound=False))))
    picture = picture_of(read_trace(path))
    assert picture["user"] is picture["agent"] is None
    assert picture["heard"]


async def test_where_records_are_missing_the_rest_is_drawn(tmp_path: Path) -> None:
    path = await captured(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    lost = next(i for i, line in enumerate(lines) if '"ResponseBegan"' in line)
    lines[lost] = json.dumps({"k": "gap", "at": 5, "why": "queue", "lost": 1}, separators=(",", ":"))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    picture = picture_of(read_trace(path))
    assert [response["response"] for response in picture["responses"]] == [2]
    assert picture["numbers"]["stops"] == 0
    assert any("records are missing" in note for note in picture["notes"])
