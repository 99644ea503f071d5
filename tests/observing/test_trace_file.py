"""Bad traces: each is refused, or lived with, in words that say where and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.observing.captured import captured
from voice_server.observing.redaction import Redaction
from voice_server.observing.trace_file import TraceError, read_trace, sound_file
from voice_server.observing.trace_sink import SinkOptions


def newer(lines: list[str]) -> list[str]:
    return [json.dumps({**json.loads(lines[0]), "version": 2}), *lines[1:]]


def unnumbered(lines: list[str]) -> list[str]:
    return [json.dumps({**json.loads(lines[0]), "version": "one"}), *lines[1:]]


def headless(lines: list[str]) -> list[str]:
    return lines[1:]


def broken(lines: list[str]) -> list[str]:
    return [*lines[:5], '{"k":"core","at":', *lines[5:]]


def foreign(lines: list[str]) -> list[str]:
    return [*lines[:5], "hello", *lines[5:]]


def without_rates(lines: list[str]) -> list[str]:
    head = json.loads(lines[0])
    del head["rates_hz"]
    return [json.dumps(head), *lines[1:]]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (newer, "a trace of version 2; this program reads up to 1"),
        (unnumbered, "this is no trace: its first line is not a head"),
        (headless, "this is no trace: its first line is not a head"),
        (broken, "line 6 is no record of a trace"),
        (foreign, "line 6 is no record of a trace: b'hello'"),
        (without_rates, "line 1: the head has no rates_hz"),
        (lambda lines: [], "this is no trace"),
    ],
)
async def test_what_is_wrong_is_said(
    tmp_path: Path, change: Callable[[list[str]], list[str]], complaint: str
) -> None:
    path = await captured(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line}\n" for line in change(lines)), encoding="utf-8")
    with pytest.raises(TraceError, match=complaint):
        read_trace(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"no\.jsonl: cannot be read: No such file"):
        read_trace(tmp_path / "no.jsonl")


async def test_sound_that_is_too_short_does_not_belong_to_the_trace(tmp_path: Path) -> None:
    path = await captured(tmp_path)
    sound = sound_file(path, "in")
    sound.write_bytes(sound.read_bytes()[:-2])
    with pytest.raises(TraceError, match=r"has \d+ bytes and .* refers to \d+"):
        read_trace(path).sound("in")


async def test_sound_that_is_gone_is_missed(tmp_path: Path) -> None:
    path = await captured(tmp_path)
    sound_file(path, "out").unlink()
    with pytest.raises(TraceError, match="the sound of this trace cannot be read"):
        read_trace(path).sound("out")


async def test_sound_that_was_never_kept_is_said_so(tmp_path: Path) -> None:
    path = await captured(tmp_path, SinkOptions(Redaction(sound=False)))
    with pytest.raises(TraceError, match="was captured without sound"):
        read_trace(path).sound("in")
