"""Captures: everything is there, crashes and full disks are lived with, and what may not be kept is not."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.observing.captured import CapturedStage, captured, converse, sizes_in, trace_in
from tests.runtime.fake_link import Played, Told
from tests.runtime.stage import CONFIG, QUESTION
from voice_server.core import commands as facts
from voice_server.observing.background import Background, Immediate
from voice_server.observing.capture import CaptureOptions, Captures
from voice_server.observing.redaction import Redaction
from voice_server.observing.rotation import make_room, remove, session_of
from voice_server.observing.trace_file import read_trace, sound_file
from voice_server.observing.trace_sink import SinkOptions
from voice_server.ports import Farewell, Opened

Lost = Counter[str]


def losing(lost: Lost, **options: object) -> SinkOptions:
    """Options that count what is lost."""
    return SinkOptions(lost=lambda why, count: lost.update({why: count}), **options)  # type: ignore[arg-type]


async def test_every_message_and_frame_is_there_as_the_client_got_it(tmp_path: Path) -> None:
    stage = CapturedStage(tmp_path)
    await converse(stage)
    trace = read_trace(trace_in(tmp_path))
    told = [entry for entry in stage.link.received if isinstance(entry, Told)]
    messages = [record for record in trace.of("out") if "message" in record]
    assert [(m["message"]["seq"], m["at"]) for m in messages] == [(t.seq, t.t_ms) for t in told]
    assert {"session.started", "response.stop", "response.done"} <= {m["message"]["type"] for m in messages}
    played = [entry.frame for entry in stage.link.received if isinstance(entry, Played)]
    frames = [record for record in trace.of("out") if "audio" in record]
    assert [(f["response"], f["position"], f["last"]) for f in frames] == [
        (f.response, f.position, f.last) for f in played
    ]
    assert trace.sound("out") == b"".join(frame.pcm for frame in played)
    assert len(trace.sound("in")) == sum(r["audio"][1] for r in trace.of("in")) == stage.taken_ms * 32


async def test_events_and_commands_have_their_millisecond_and_the_floor(tmp_path: Path) -> None:
    trace = read_trace(await captured(tmp_path))
    stops = [r for r in trace.of("core") for c in r["commands"] if c["type"] == "ResponseStopped"]
    assert stops[0]["event"]["type"] == "SpeechStarted"
    assert stops[0]["floor"] == "contested"
    assert [record["at"] for record in trace.of("core")] == sorted(r["at"] for r in trace.of("core"))
    assert len(list(trace.of("vad"))) == len([r for r in trace.of("in") if "audio" in r])
    assert trace.notes == []


async def test_a_session_that_was_cut_short_can_be_read_to_where_it_was_cut(tmp_path: Path) -> None:
    path = await captured(tmp_path)
    whole = read_trace(path)
    path.write_bytes(path.read_bytes()[:-40])
    cut = read_trace(path)
    assert cut.records == whole.records[: len(cut.records)]
    assert len(cut.records) == len(whole.records) - 1
    assert "the last line is cut off" in cut.notes[0]
    assert "the session has no end" in cut.notes[1]


async def test_every_line_is_at_the_kernel_when_it_is_written(tmp_path: Path) -> None:
    stage = CapturedStage(tmp_path)
    async with stage.running():
        await stage.ask()
        path = trace_in(tmp_path)
        text = path.read_bytes()
        assert text.endswith(b"\n")
        assert json.loads(text.splitlines()[-1])["k"] in ("out", "core", "vad")


async def test_a_full_disk_ends_the_capture_and_not_the_conversation(tmp_path: Path) -> None:
    def full(path: Path) -> BinaryIO:
        return open("/dev/full", "ab", buffering=0)  # every write: no space left on device

    lost = Lost()
    stage = CapturedStage(tmp_path, losing(lost, open=full))
    response = await converse(stage)
    assert stage.done(response).status == "completed"
    assert set(lost) == {"disk"}
    assert lost["disk"] > 500


async def test_a_session_that_grows_too_large_is_not_captured_to_its_end(tmp_path: Path) -> None:
    lost = Lost()
    trace = read_trace(await captured(tmp_path, losing(lost, limit_bytes=100_000)))
    assert trace.records[-1]["k"] == "gap"
    assert any("(limit)" in note for note in trace.notes)
    assert sum(sizes_in(tmp_path).values()) < 110_000
    assert lost["limit"] > 0


async def test_what_the_writer_cannot_take_is_counted_and_the_gap_is_in_the_trace(tmp_path: Path) -> None:
    lost, go = Lost(), threading.Event()
    writer = Background("test", limit=50)
    writer.put(partial(go.wait, 30.0))
    stage = CapturedStage(tmp_path, losing(lost), writer)
    async with stage.running():
        await stage.ask()
        go.set()
        for _ in range(5):
            while writer.waiting:
                threading.Event().wait(0.001)  # the writer is a thread of its own
            await stage.rest(20)
    writer.close()
    trace = read_trace(trace_in(tmp_path))
    gaps = list(trace.of("gap"))
    assert [gap["why"] for gap in gaps] == ["queue"]
    assert gaps[0]["lost"] == lost["queue"] > 0
    assert trace.records[-1]["k"] == "end"


async def test_words_that_may_not_be_kept_are_nowhere_in_the_trace(tmp_path: Path) -> None:
    path = await captured(tmp_path, SinkOptions(Redaction(words=False)))
    text = path.read_text(encoding="utf-8")
    for word in (*QUESTION.rstrip("?").split(), "Certainly", "quarter"):
        assert f'"{word}' not in text
        assert f" {word} " not in text
    assert "xxxx xxxx xx xx?" in text
    assert read_trace(path).head["left_out"] == ["words"]


async def test_sound_that_may_not_be_kept_is_not(tmp_path: Path) -> None:
    path = await captured(tmp_path, SinkOptions(Redaction(sound=False)))
    assert list(sizes_in(tmp_path)) == [path.name]


async def test_the_token_is_a_secret(tmp_path: Path) -> None:
    trace = read_trace(await captured(tmp_path))
    started = next(record["message"] for record in trace.of("out"))
    assert (started["type"], started["token"]) == ("session.started", "[secret]")


def test_the_oldest_captures_make_room_and_those_in_use_stay(tmp_path: Path) -> None:
    for name in ("1-old", "2-open", "3-new"):
        (tmp_path / f"{name}.jsonl").write_bytes(bytes(10))
        (tmp_path / f"{name}.in.pcm").write_bytes(bytes(90))
    assert make_room(tmp_path, 150, {"2-open"}) == ["1-old", "3-new"]
    assert {file.name for file in tmp_path.iterdir()} == {"2-open.jsonl", "2-open.in.pcm"}


def test_of_a_session_that_is_deleted_nothing_stays_and_of_others_everything(tmp_path: Path) -> None:
    stays = ["20260101T000000.000Z-s_two.jsonl", "20260101T000000.000Z-s_Z-s_one.jsonl", "s_one.jsonl"]
    for name in (*stays, "20260101T000000.000Z-s_one.jsonl", "20260101T000000.000Z-s_one.in.pcm"):
        (tmp_path / name).touch()
    for session in ("s_one", "s_none", "*", "../s_two"):
        remove(tmp_path, session)
    assert {file.name for file in tmp_path.iterdir()} == set(stays)


@pytest.mark.parametrize("running", [True, False])
async def test_who_deletes_a_session_deletes_its_capture(tmp_path: Path, running: bool) -> None:
    captures = Captures(CaptureOptions(tmp_path, {}), Immediate())
    opened = Opened("s_one", "token", CONFIG, captured=True)
    capture = captures.opened(opened, lambda: 0)
    other = captures.opened(replace(opened, session="s_two"), lambda: 0)
    if not running:
        capture.closed(None)
    captures.deleted("s_one")
    if running:
        capture.received("the last words")
        capture.closed(Farewell.ENDED)
    other.received("and so on")
    other.closed(None)
    assert [session_of(name.removesuffix(".jsonl")) for name in sizes_in(tmp_path)] == ["s_two"]


async def test_a_capture_that_cannot_be_deleted_is_complained_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer, go = Background("test", limit=1), threading.Event()
    writer.put(partial(go.wait, 30.0))
    while writer.put(lambda: None):
        pass
    Captures(CaptureOptions(tmp_path, {}), writer).deleted("s_one")
    go.set()
    writer.close()
    assert [record.message for record in caplog.records] == [
        "the capture of session s_one could not be deleted: too much waits"
    ]


async def test_one_fact_of_each_kind_is_in_the_trace_in_its_own_words(tmp_path: Path) -> None:
    stage = CapturedStage(tmp_path)
    response = await converse(stage)
    trace = read_trace(trace_in(tmp_path))
    done = [r["message"] for r in trace.of("out") if r.get("message", {}).get("type") == "response.done"]
    assert done[0]["heard"] == stage.done(response).heard
    assert len(done) == len(stage.told(facts.ResponseEnded))


@pytest.mark.parametrize("track", ["in", "out", "voice"])
async def test_sound_is_named_by_its_place(tmp_path: Path, track: str) -> None:
    path = await captured(tmp_path)
    trace = read_trace(path)
    places = [record["audio"] for record in trace.of(track) if "audio" in record]
    assert sum(size for _, size in places) == sound_file(path, track).stat().st_size
    assert all(begin + size == after for (begin, size), (after, _) in pairwise(places))
