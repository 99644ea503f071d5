"""A session as a list of what happened and what was decided, and the same again.

Because the core is pure, its events with their times are enough to reproduce every decision: a bug report
is one file. Records are plain dictionaries of JSON types.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from voice_server.core import commands, events
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.session import Session

VERSION = 1

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One moment at which the replay decided otherwise."""

    index: int
    now_ms: int
    recorded: list[Record]
    replayed: list[Record]


class TracedSession:
    """A core session that writes down everything that it is told and says."""

    def __init__(self, session: Session, write: typing.Callable[[Record], None]) -> None:
        self.session = session
        self._write = write
        write({"version": VERSION, "config": encode(session.config), "policy": encode(session.policy)})

    def receive(self, event: events.Event, now_ms: int) -> list[commands.Command]:
        """As `Session.receive`."""
        decided = self.session.receive(event, now_ms)
        self._write({"at": now_ms, "event": encode(event), "commands": [encode(c) for c in decided]})
        return decided

    def expire(self, now_ms: int) -> list[commands.Command]:
        """As `Session.expire`."""
        decided = self.session.expire(now_ms)
        self._write({"at": now_ms, "event": None, "commands": [encode(c) for c in decided]})
        return decided


def replay(records: Iterable[Record]) -> Iterator[Difference]:
    """Run a trace through the core again; yield every moment at which it decides otherwise."""
    lines = iter(records)
    head = next(lines, None)
    if not isinstance(head, dict) or head.get("version") != VERSION:
        raise ValueError(f"not a trace of version {VERSION}: the first record is {head!r}")
    session = Session(decode(SessionConfig, head["config"]), decode(Policy, head["policy"]))
    for index, record in enumerate(lines, start=1):
        now_ms, event = record["at"], record["event"]
        decided = session.receive(decode_event(event), now_ms) if event else session.expire(now_ms)
        again = [encode(c) for c in decided]
        if again != record["commands"]:
            yield Difference(index, now_ms, record["commands"], again)


def encode(value: Any) -> Record:
    """A dataclass as a dictionary with its class name as `type`."""
    return {"type": type(value).__name__, **dataclasses.asdict(value)}


_EVENTS: dict[str, type] = {kind.__name__: kind for kind in typing.get_args(events.Event)}


def decode_event(record: Record) -> events.Event:
    """The event that `encode` wrote. Raises ValueError where there is no such event."""
    kind = _EVENTS.get(record.get("type", ""))
    if kind is None:
        raise ValueError(f"unknown event {record.get('type')!r}")
    event: events.Event = decode(kind, record)
    return event


def decode(kind: type[Any], record: Record) -> Any:
    """The dataclass `kind` that `encode` wrote."""
    hints = typing.get_type_hints(kind)
    given = {f.name: _decode_value(hints[f.name], record[f.name]) for f in dataclasses.fields(kind)}
    return kind(**given)


def _decode_value(hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast(type[Any], hint), value)
    if origin is tuple:
        return tuple(_decode_value(arguments[0], item) for item in value)
    if origin in (typing.Union, types.UnionType) and value is not None:
        return _decode_value(next(a for a in arguments if a is not type(None)), value)
    if origin is Literal or origin is None:
        return value
    return value
