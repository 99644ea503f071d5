"""Logs: one line for each message, JSON for programs, and no words or secrets where they may not be."""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.observing.captured import converse
from tests.runtime.fake_link import Told, native
from tests.runtime.stage import QUESTION, Stage
from voice_server.observing.background import Immediate
from voice_server.observing.logs import set_up_logging
from voice_server.observing.message_log import LogOptions, MessageLog
from voice_server.observing.redaction import Redaction

Line = dict[str, Any]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging("json", "info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Logged(Stage):
    """The stage, with a log."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.tracer = MessageLog(LogOptions(**options), Immediate())  # type: ignore[assignment]


def lines(log: io.StringIO) -> list[Line]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_each_message_has_a_line_with_its_session_seq_size_and_time(log: io.StringIO) -> None:
    stage = Logged()
    await converse(stage)
    told = [entry for entry in stage.link.received if isinstance(entry, Told)]
    out = [line for line in lines(log) if line.get("way") == "out" and line["event"] != "audio"]
    assert [(line["seq"], line["t_ms"]) for line in out] == [(each.seq, each.t_ms) for each in told]
    assert {line["session"] for line in out} == {"s_1"}
    assert [line["bytes"] for line in out] == [len(native(t.item, t.seq, t.t_ms).encode()) for t in told]
    assert Counter(line["event"] for line in out)["response.stop"] == 1


async def test_audio_is_sampled_and_summed(log: io.StringIO) -> None:
    stage = Logged(audio_every=100)
    await converse(stage)
    frames = stage.frames()
    sampled = [line for line in lines(log) if line["event"] == "audio" and line["way"] == "out"]
    assert [line["frame"] for line in sampled] == list(range(1, len(frames) + 1, 100))
    last = sampled[-1]
    assert last["bytes_so_far"] == sum(len(frame.pcm) for frame in frames[: last["frame"]])


async def test_words_are_in_the_log_only_if_they_may_be(log: io.StringIO) -> None:
    await converse(Logged())
    assert QUESTION not in log.getvalue()
    assert "token" in log.getvalue()
    assert '"token"' not in log.getvalue().replace('"token": "[secret]"', "")
    await converse(Logged(redaction=Redaction(words=True)))
    assert QUESTION in log.getvalue()


def test_people_get_lines_for_people() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging("console", "info", stream)
    structlog.get_logger("voice_server.messages").info("response.stop", session="s_1", seq=7)
    logging.getLogger("uvicorn").warning("a library's own words")
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    first, second = stream.getvalue().splitlines()
    assert "response.stop" in first
    assert "session=s_1" in first
    assert "a library's own words" in second


def test_exceptions_are_one_line_of_json(log: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("voice_server").exception("it went wrong")
    (line,) = lines(log)
    assert (line["event"], line["level"]) == ("it went wrong", "error")
    assert "ValueError: broken" in line["exception"]
