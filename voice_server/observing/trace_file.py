"""Reads captured sessions. What is wrong with a trace is said with the line that it is wrong in."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voice_server.core.trace import VERSION as CORE_VERSION
from voice_server.errors import ConfigurationError
from voice_server.observing.capture import VERSION
from voice_server.observing.prompts import PromptLengthener
from voice_server.observing.trace_sink import TRACKS, Record

ALL = ("in", "out", "core", "vad", "voice", "gap", "end")


class TraceError(ConfigurationError):
    """A trace that cannot be used. The message says where and why."""


@dataclass(slots=True)
class Trace:
    """A captured session."""

    path: Path
    head: Record
    records: list[Record]
    """In their order, without the head; only those of the kinds that were asked for."""
    notes: list[str] = field(default_factory=list)
    """What is not as it should be, and can be lived with."""

    def of(self, *kinds: str) -> Iterator[Record]:
        """The records of these kinds."""
        return (record for record in self.records if record["k"] in kinds)

    @property
    def core(self) -> Iterator[Record]:
        """What `core.trace.replay` takes: its head, and what the core was told."""
        yield {"version": CORE_VERSION, "config": self.head["config"], "policy": self.head["policy"]}
        yield from self.of("core")

    def rate_hz(self, track: str) -> int:
        """Of `in`, `out` or `voice`."""
        if track == "voice":
            return next((int(r["rate_hz"]) for r in self.of("voice") if "rate_hz" in r), 0)
        return int(self.head["rates_hz"][track])

    @property
    def end_ms(self) -> int:
        """When the last thing happened."""
        return max((int(record.get("at") or 0) for record in self.records), default=0)

    def sound(self, track: str) -> bytes:
        """All sound of a track, s16le. Raises TraceError where it does not fit the trace."""
        file = sound_file(self.path, track)
        needed = max((sum(record["audio"]) for record in self._with_sound(track)), default=0)
        if "sound" in self.head.get("left_out", ()):
            raise TraceError(f"{self.path.name} was captured without sound ([capture] sound = false)")
        if needed == 0:
            return b""
        try:
            data = file.read_bytes()
        except OSError as error:
            raise TraceError(f"{file}: the sound of this trace cannot be read: {error.strerror}") from None
        if len(data) < needed:
            raise TraceError(
                f"{file.name} has {len(data)} bytes and {self.path.name} refers to {needed}: "
                "they do not belong together, or one was cut"
            )
        return data

    def _with_sound(self, track: str) -> Iterator[Record]:
        return (r for r in self.of(track) if "audio" in r)


def sound_file(trace: Path, track: str) -> Path:
    """Where the sound of this trace is."""
    if track not in TRACKS:
        raise ValueError(f"no track {track}")
    return trace.with_name(f"{trace.name.removesuffix('.jsonl')}.{track}.pcm")


def read_trace(path: Path, kinds: Collection[str] = ALL) -> Trace:
    """Read the records of these kinds; the others are passed over quickly. Raises TraceError."""
    data, notes = _whole_lines(path)
    head = _head(path, data[: max(0, data.find(b"\n"))])
    passed_over = ["head", *(kind for kind in ALL if kind not in {*kinds, "gap", "end"})]
    line = re.compile(rb'\n(?!\{"k":"(?:%b)")([^\n]+)' % "|".join(passed_over).encode())
    records = _records(path, data, list(line.finditer(data)))
    _lengthen_prompts(path, records)
    return Trace(path, head, records, [*notes, *_remarks(records)])


def _lengthen_prompts(path: Path, records: list[Record]) -> None:
    prompts = PromptLengthener()
    for record in records:
        if record["k"] == "core":
            try:
                prompts.lengthen(record)
            except (ValueError, TypeError) as error:
                raise TraceError(f"{path}: the decision at {record.get('at')} ms: {error}") from None


def _whole_lines(path: Path) -> tuple[bytes, list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TraceError(f"{path}: cannot be read: {error.strerror}") from None
    end = data.rfind(b"\n") + 1
    if end == len(data):
        return data, []
    cut = f"the last line is cut off after {len(data) - end} bytes, and left aside: a crash while writing"
    return data[:end], [cut]


def _head(path: Path, line: bytes) -> Record:
    head = _decoded(line)
    if head is None or head["k"] != "head" or not isinstance(head.get("version"), int):
        raise TraceError(f"{path}: this is no trace: its first line is not a head")
    if head["version"] > VERSION:
        raise TraceError(
            f"{path}: a trace of version {head['version']}; this program reads up to {VERSION}. "
            "Use the voice-server that wrote it, or a newer one"
        )
    if missing := {"config", "policy", "rates_hz"} - head.keys():
        raise TraceError(f"{path}: line 1: the head has no {', '.join(sorted(missing))}")
    return head


def _records(path: Path, data: bytes, lines: list[re.Match[bytes]]) -> list[Record]:
    """All at once, which takes half as long as one by one; that only where something is wrong with one."""
    try:
        records: Any = json.loads(b"[%b]" % b",".join(line[1] for line in lines))
    except ValueError:
        records = []
    if len(records) == len(lines) and all(isinstance(record, dict) and "k" in record for record in records):
        return list(records)
    return [_record(path, data, line) for line in lines]


def _record(path: Path, data: bytes, match: re.Match[bytes]) -> Record:
    record = _decoded(match[1])
    if record is None:
        number = data.count(b"\n", 0, match.start(1)) + 1
        raise TraceError(f"{path}: line {number} is no record of a trace: {match[1][:60]!r}")
    return record


def _decoded(line: bytes) -> Record | None:
    try:
        record: Any = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "k" in record else None


def _remarks(records: Iterable[Record]) -> Iterator[str]:
    ended = False
    for record in records:
        if record["k"] == "gap":
            yield f"records are missing from {record.get('at')} ms on ({record.get('why')})"
        ended = ended or record["k"] == "end"
    if not ended:
        yield "the session has no end: the server ended before it, or it still runs"
