"""A session as a list of what happened and what was decided, and the same again.

Because the core is pure, its events with their times are enough to reproduce every decision: a bug report
is one file. Records are plain dictionaries of JSON types.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from voice_server.core import commands, events
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.session import Session
from voice_server.core.turns import Floor

VERSION = 1

PROMPT_END = 3
"""So many messages of a prompt are written, its last ones: each of the earlier ones was among them once."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One moment at which the replay decided otherwise."""

    index: int
    now_ms: int
    recorded: list[Record]
    replayed: list[Record]


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that the core was told, and what it said to that."""

    now_ms: int
    event: events.Event | None
    """None: time had passed."""
    commands: tuple[commands.Command, ...]
    floor: Floor
    """Who may speak from now on."""
    error: str | None = None
    """What the core raised, if it did."""


class WatchedSession:
    """A core session that somebody looks on at."""

    def __init__(self, session: Session, watch: Callable[[Decision], None]) -> None:
        self.session = session
        self._watch = watch

    def receive(self, event: events.Event, now_ms: int) -> list[commands.Command]:
        """As `Session.receive`."""
        return self._decide(event, now_ms)

    def expire(self, now_ms: int) -> list[commands.Command]:
        """As `Session.expire`."""
        return self._decide(None, now_ms)

    def _decide(self, event: events.Event | None, now_ms: int) -> list[commands.Command]:
        try:
            decided = _tell(self.session, event, now_ms)
        except Exception as error:
            self._watch(Decision(now_ms, event, (), self.session.floor, repr(error)))
            raise
        self._watch(Decision(now_ms, event, tuple(decided), self.session.floor))
        return decided


class TracedSession(WatchedSession):
    """A core session that writes down everything that it is told and says."""

    def __init__(self, session: Session, write: Callable[[Record], None]) -> None:
        super().__init__(session, lambda decision: write(record_of(decision)))
        write(head_of(session.config, session.policy))


def head_of(config: SessionConfig, policy: Policy) -> Record:
    """The first record: what the session was set to."""
    return {"version": VERSION, "config": encode(config), "policy": encode(policy)}


def record_of(decision: Decision) -> Record:
    """One of the records after the first."""
    event = encode(decision.event) if decision.event else None
    told: Record = {"at": decision.now_ms, "event": event}
    said = (
        {"commands": [_said(command) for command in decision.commands]}
        if decision.error is None
        else {"error": decision.error}
    )
    return {**told, **said, "floor": decision.floor.value}


def replay(records: Iterable[Record]) -> Iterator[Difference]:
    """Run a trace through the core again; yield every moment at which it decides otherwise.

    Raises ValueError where the records are not a trace.
    """
    lines = iter(records)
    session = _session(next(lines, None))
    for index, record in enumerate(lines, start=1):
        try:
            now_ms, event = record["at"], record["event"]
            recorded = [{"error": record["error"]}] if "error" in record else record["commands"]
            happened = None if event is None else decode_event(event)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"record {index} is not one of a trace: {error!r}") from error
        again = _decided_again(session, happened, now_ms)
        if not _same(again, recorded):
            yield Difference(index, now_ms, recorded, again)


def _same(again: list[Record], recorded: list[Record]) -> bool:
    """Fields that an older version did not record are not compared."""
    return again == recorded or (len(again) == len(recorded) and all(map(_holds, again, recorded)))


def _holds(new: Any, old: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and _holds(new[name], value) for name, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(new) == len(old) and all(map(_holds, new, old))
    return bool(new == old)


def _session(head: Record | None) -> Session:
    if not isinstance(head, dict) or head.get("version") != VERSION:
        raise ValueError(f"not a trace of version {VERSION}: the first record is {head!r}")
    try:
        return Session(decode(SessionConfig, head["config"]), decode(Policy, head["policy"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"the first record is not the head of a trace: {error!r}") from error


def _decided_again(session: Session, event: events.Event | None, now_ms: int) -> list[Record]:
    try:
        return [_said(command) for command in _tell(session, event, now_ms)]
    except Exception as error:  # a bug that the trace is there to show
        return [{"error": repr(error)}]


def _tell(session: Session, event: events.Event | None, now_ms: int) -> list[commands.Command]:
    return session.receive(event, now_ms) if event else session.expire(now_ms)


def _said(command: commands.Command) -> Record:
    """The command. Of a prompt only the end, and how many messages were before: else an hour takes 170 MB."""
    if not isinstance(command, (commands.Prime, commands.Generate)):
        return encode(command)
    end = command.messages[-PROMPT_END:]
    earlier = len(command.messages) - len(end)
    return {**encode(dataclasses.replace(command, messages=end)), "earlier": earlier}


def encode(value: Any) -> Record:
    """A dataclass as a dictionary of JSON types, with its class name as `type`."""
    return {"type": type(value).__name__, **_named(value)}


def _named(value: Any) -> Record:
    return {name: _plain(getattr(value, name)) for name in _fields(type(value))}


_KNOWN_FIELDS: dict[type[Any], dict[str, Any]] = {}


def _fields(kind: type[Any]) -> dict[str, Any]:
    """The names and types of its fields. Kept: finding the types takes longer than all the rest."""
    if kind not in _KNOWN_FIELDS:
        hints = typing.get_type_hints(kind)
        _KNOWN_FIELDS[kind] = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return _KNOWN_FIELDS[kind]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else _named(value)


_EVENTS: dict[str, type] = {kind.__name__: kind for kind in typing.get_args(events.Event)}


def decode_event(record: Record) -> events.Event:
    """The event that `encode` wrote. Raises ValueError where there is no such event."""
    kind = _EVENTS.get(record.get("type", ""))
    if kind is None:
        raise ValueError(f"unknown event {record.get('type')!r}")
    event: events.Event = decode(kind, record)
    return event


def decode(kind: type[Any], record: Record) -> Any:
    """The dataclass `kind` that `encode` wrote. What an older version did not know keeps its default."""
    fields = _fields(kind).items()
    return kind(**{name: _decode_value(hint, record[name]) for name, hint in fields if name in record})


def _decode_value(hint: Any, value: Any) -> Any:
    if hint in (int, str, float, bool):
        return value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast(type[Any], hint), value)
    if origin is tuple:
        return tuple(_decode_value(arguments[0], item) for item in value)
    if origin in (typing.Union, types.UnionType) and value is not None:
        return _decode_value(next(a for a in arguments if a is not type(None)), value)
    return value
