"""A trace tells everything, and the same again."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.core.situations import QUESTION, ask, hear, new_world
from tests.core.world import RATE_HZ
from voice_server.core import commands, events
from voice_server.core.playout import Word
from voice_server.core.policy import Policy, SessionConfig, TurnConfig
from voice_server.core.session import Session
from voice_server.core.trace import (
    Decision,
    Difference,
    Record,
    TracedSession,
    WatchedSession,
    decode,
    decode_event,
    encode,
    replay,
)
from voice_server.core.turns import Floor
from voice_server.errors import CoreError

st.register_type_strategy(float, st.floats(allow_nan=False))


def records() -> list[Record]:
    """A short conversation, as JSON would bring it back."""
    world = new_world(greeting="Hello.")
    ask(world)
    hear(world)
    world.wait(500)
    world.start_speaking()
    written: list[Record] = []
    traced = TracedSession(Session(_first(world.config), Policy()), written.append)
    for event, now_ms in world.told:
        if event:
            traced.receive(event, now_ms)
        else:
            traced.expire(now_ms)
    loaded: list[Record] = json.loads(json.dumps(written))
    return loaded


def _first(config: SessionConfig) -> SessionConfig:
    return dataclasses.replace(config, greeting="Hello.")


def _kinds(union: Any) -> list[type]:
    return [kind for kind in typing.get_args(union) if isinstance(kind, type)]


@pytest.mark.parametrize("kind", _kinds(events.Event))
@settings(max_examples=20)
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    event = data.draw(st.from_type(kind))
    loaded = json.loads(json.dumps(encode(event)))
    assert decode_event(loaded) == event


@pytest.mark.parametrize("kind", _kinds(commands.Command))
@settings(max_examples=20)
@given(data=st.data())
def test_every_command_is_written_as_json_that_tells_all(kind: type, data: st.DataObject) -> None:
    command = data.draw(st.from_type(kind))
    written = encode(command)
    assert json.loads(json.dumps(written)) == written
    assert written["type"] == kind.__name__
    assert set(written) == {"type", *(field.name for field in dataclasses.fields(kind))}


@pytest.mark.parametrize("value", [SessionConfig(voice="joe", turn=TurnConfig(mode="manual")), Policy()])
def test_settings_come_back_as_they_were(value: Any) -> None:
    assert decode(type(value), json.loads(json.dumps(encode(value)))) == value


def test_what_an_older_trace_did_not_know_has_its_default() -> None:
    assert decode(TurnConfig, {"type": "TurnConfig", "mode": "manual"}) == TurnConfig(mode="manual")


def test_a_trace_replays_to_the_same_decisions() -> None:
    trace = records()
    kinds = {command["type"] for record in trace[1:] for command in record["commands"]}
    assert {"Generate", "WordsPlaced", "ResponseStopped", "TranscriptCommitted"} <= kinds
    assert list(replay(trace)) == []


def test_a_long_history_is_not_written_with_every_prompt() -> None:
    written: list[Record] = []
    traced = TracedSession(Session(SessionConfig()), written.append)
    for number in range(50):
        traced.receive(events.UserTyped(f"Number {number}?"), number)
        traced.receive(events.TextGenerated(number + 1, "Yes. "), number)
        traced.receive(events.AudioSynthesized(number + 1, 0, 100, (Word("Yes.", 0, 1),)), number)
        traced.receive(events.PlaybackReported(number + 1, 4), number)
    prompts = [c for r in written[1:] for c in r["commands"] if c["type"] == "Generate"]
    assert [message["content"] for message in prompts[-1]["messages"]] == ["Number 48?", "Yes.", "Number 49?"]
    assert prompts[-1]["earlier"] == 97
    assert list(replay(json.loads(json.dumps(written)))) == []


def test_a_decision_that_has_changed_is_reported_where_it_was() -> None:
    trace = records()
    index = next(i for i, r in enumerate(trace) if i and any(c["type"] == "Generate" for c in r["commands"]))
    recorded = trace[index]["commands"]
    changed = [{**recorded[0], "response": 99}, *recorded[1:]]
    trace[index]["commands"] = changed
    assert list(replay(trace)) == [Difference(index, trace[index]["at"], changed, recorded)]


def test_a_trace_that_ends_early_replays_as_far_as_it_goes() -> None:
    trace = records()
    assert list(replay(trace[: len(trace) // 2])) == []
    assert list(replay(trace[:1])) == []


@pytest.mark.parametrize(
    "head", [None, "text", {}, {"version": 0}, {"version": 2, "config": {}, "policy": {}}]
)
def test_what_is_no_trace_is_refused(head: Any) -> None:
    with pytest.raises(ValueError, match="not a trace of version 1"):
        list(replay([head] if head is not None else []))


@pytest.mark.parametrize("rest", [{}, {"config": {}}, {"config": None, "policy": None}])
def test_a_head_without_settings_is_refused(rest: Record) -> None:
    with pytest.raises(ValueError, match="not the head of a trace"):
        list(replay([{"version": 1, **rest}]))


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"at": 5, "event": None},
        {"at": 5, "event": {"type": "UserTyped"}, "commands": []},
        {"at": 5, "event": {"type": "Nonsense"}, "commands": []},
        {"at": 5, "event": {}, "commands": []},
        {"at": 5, "event": "UserTyped", "commands": []},
    ],
)
def test_a_record_that_was_cut_is_named(record: Record) -> None:
    with pytest.raises(ValueError, match=r"record 1 is not one of a trace|unknown event"):
        list(replay([records()[0], record]))


def test_what_the_core_refused_is_in_the_trace_and_replays() -> None:
    written: list[Record] = []
    traced = TracedSession(Session(SessionConfig(output_rate_hz=RATE_HZ)), written.append)
    with pytest.raises(CoreError):
        traced.receive(events.SpeechStopped(10, 20), 20)
    assert written[-1]["error"] == "CoreError('speech stopped while there was none')"
    assert list(replay(json.loads(json.dumps(written)))) == []
    written[-1]["error"] = "CoreError('something else')"
    assert [difference.index for difference in replay(written)] == [1]


def test_somebody_may_look_on() -> None:
    seen: list[Decision] = []
    watched = WatchedSession(Session(SessionConfig()), seen.append)
    event = events.UserTyped(QUESTION)
    decided = watched.receive(event, 30)
    watched.expire(40)
    assert seen == [
        Decision(30, event, tuple(decided), Floor.THINKING),
        Decision(40, None, (), Floor.THINKING),
    ]
