"""What a client gets wrong is named: the code, the place, and what was expected there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice_server.errors import ProtocolError
from voice_server.protocol.codec import client_outline, decode
from voice_server.protocol.wire import Wire


def start(**config: Any) -> dict[str, Any]:
    return {"type": "session.start", "config": config}


def tool(**fields: Any) -> dict[str, Any]:
    return start(tools=[{"name": "clock"}, {"name": "look", **fields}])


U32 = "a whole number from 0 to 4294967295"
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "user.text"}, "text", "missing; expected a string of 1 to 8000 characters"),
    ({"type": "user.text", "text": 5}, "text", "expected a string of 1 to 8000 characters, got 5"),
    ({"type": "user.text", "text": None}, "text", "expected a string of 1 to 8000 characters, got null"),
    ({"type": "user.text", "text": ""}, "text", 'expected a string of 1 to 8000 characters, got ""'),
    ({"type": "user.text", "text": " \n "}, "text", "expected a string of 1 to 8000 characters"),
    ({"type": "user.text", "text": "x" * 8001}, "text", "got 8001 characters"),
    ({"type": "user.text", "text": ["a"]}, "text", "got a list"),
    (
        {"type": "user.text", "text": "a", "interrupt": "yes"},
        "interrupt",
        'expected true or false, got "yes"',
    ),
    ({"type": "user.text", "text": "a", "interrupt": 1}, "interrupt", "expected true or false, got 1"),
    ({"type": "playback", "played_ms": 1}, "response", f"missing; expected {U32}"),
    ({"type": "playback", "response": "1", "played_ms": 1}, "response", f'expected {U32}, got "1"'),
    ({"type": "playback", "response": True, "played_ms": 1}, "response", f"expected {U32}, got true"),
    ({"type": "playback", "response": 1.5, "played_ms": 1}, "response", f"expected {U32}, got 1.5"),
    ({"type": "playback", "response": 2**32, "played_ms": 1}, "response", f"expected {U32}, got 4294967296"),
    ({"type": "playback", "response": 1, "played_ms": -1}, "played_ms", f"expected {U32}, got -1"),
    ({"type": "playback", "response": 1}, "played_ms", f"missing; expected {U32}"),
    ({"type": "ack"}, "seq", "missing; expected a whole number from 0 to 9007199254740991"),
    ({"type": "ack", "seq": -1}, "seq", "got -1"),
    ({"type": "ack", "seq": 2**53}, "seq", "got 9007199254740992"),
    ({"type": "ping"}, "t", "missing; expected a number"),
    ({"type": "ping", "t": "now"}, "t", "expected a number"),
    ({"type": "pong", "t": True}, "t", "expected a number"),
    ({"type": "session.resume", "session": "s", "token": "t"}, "last_seq", "missing"),
    (
        {"type": "session.resume", "session": "", "token": "t", "last_seq": 0},
        "session",
        "1 to 200 characters",
    ),
    ({"type": "session.resume", "session": "s", "token": 1, "last_seq": 0}, "token", "got 1"),
    ({"type": "session.update"}, "config", "missing; expected an object"),
    ({"type": "session.update", "config": []}, "config", "expected an object, got a list"),
    ({"type": "session.start", "config": "fast"}, "config", 'expected an object, got "fast"'),
    (start(instructions="x" * 16_001), "config.instructions", "a string of at most 16000 characters"),
    (start(greeting="x" * 1_001), "config.greeting", "a string of at most 1000 characters"),
    (start(voice=""), "config.voice", "a string of 1 to 200 characters"),
    (start(language="English"), "config.language", 'got "English"'),
    (start(audio=16000), "config.audio", "expected an object, got 16000"),
    (start(audio={"input_rate": 44100}), "config.audio.input_rate", "one of 8000, 16000, 24000, 48000, got"),
    (start(audio={"input_rate": "16000"}), "config.audio.input_rate", 'got "16000"'),
    (start(audio={"output_rate": 11025}), "config.audio.output_rate", "8000, 16000, 22050, 24000, 48000"),
    (start(turn={"mode": "push"}), "config.turn.mode", 'expected one of "auto", "manual", got "push"'),
    (
        start(turn={"responsiveness": "fast"}),
        "config.turn.responsiveness",
        'expected a number from 0 to 1, got "fast"',
    ),
    (start(turn={"responsiveness": 1.01}), "config.turn.responsiveness", "got 1.01"),
    (start(turn={"responsiveness": -0.1}), "config.turn.responsiveness", "got -0.1"),
    (start(turn={"barge_in": "no"}), "config.turn.barge_in", "expected true or false"),
    (start(llm={"temperature": 2.1}), "config.llm.temperature", "expected a number from 0 to 2, got 2.1"),
    (start(llm={"max_tokens": 0}), "config.llm.max_tokens", "expected a whole number from 1 to 4096, got 0"),
    (start(llm={"max_tokens": 4097}), "config.llm.max_tokens", "got 4097"),
    (start(llm={"model": 7}), "config.llm.model", "got 7"),
    (start(tools={}), "config.tools", "expected a list of at most 64, got an object"),
    (start(tools=[{"name": f"t{n}"} for n in range(65)]), "config.tools", "expected a list of at most 64"),
    (start(tools=[{"name": "a"}, {"name": "a"}]), "config.tools", 'two tools are named "a"'),
    (tool(name="9lives"), "config.tools.1.name", "a string that matches"),
    (tool(parameters="{}"), "config.tools.1.parameters", "expected an object"),
    (tool(description=None), "config.tools.1.description", "got null"),
    ({"type": "tool.result"}, "call", "missing"),
    (
        {"type": "tool.result", "call": "c", "output": 1, "error": "e"},
        "error",
        "only one of output and error",
    ),
    ({"type": "tool.result", "call": "c", "error": ""}, "error", "expected a string of 1 to 8000 characters"),
    (
        {"type": "tool.result", "call": "c", "speak": "later"},
        "speak",
        'expected one of "now", "when_idle", "never", got "later"',
    ),
    ({"type": "tool.result", "call": "c", "final": 0}, "final", "expected true or false, got 0"),
    ({"type": "context.add", "text": "\t"}, "text", "expected a string"),
    ({"type": "context.add", "text": "a", "speak": True}, "speak", "got true"),
]

UNKNOWN: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "interrupt", "now": True}, "now", "known are type"),
    ({"type": "user.text", "text": "a", "interupt": True}, "interupt", "did you mean interrupt?"),
    (start(turn={"responsivness": 1}), "config.turn.responsivness", "did you mean responsiveness?"),
    (start(turns={}), "config.turns", "did you mean turn?"),
    (start(audio={"zzz": 1}), "config.audio.zzz", "known are input_rate, output_rate"),
    (tool(returns={}), "config.tools.1.returns", "unknown field"),
]


def problem_of(text: str) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        decode(text)
    return caught.value


@pytest.mark.parametrize(("message", "field", "said"), WRONG)
def test_a_wrong_field_is_named_with_what_was_expected(message: Any, field: str, said: str) -> None:
    problem = problem_of(json.dumps(message))
    assert (problem.code, problem.field) == ("bad_field", field)
    assert problem.message.startswith(f"{field}: ")
    assert said in problem.message
    assert (problem.close_code, problem.in_reply_to) == (None, message["type"])


@pytest.mark.parametrize(("message", "field", "said"), UNKNOWN)
def test_an_unknown_field_is_refused_by_name(message: Any, field: str, said: str) -> None:
    problem = problem_of(json.dumps(message))
    assert (problem.code, problem.field) == ("unknown_field", field)
    assert said in problem.message


@pytest.mark.parametrize(
    ("text", "code", "field", "said"),
    [
        ("", "bad_json", None, "line 1 column 0"),
        ('{"type":', "bad_json", None, "line 1 column 8"),
        ('{"type":"interrupt"} x', "bad_json", None, "trailing characters"),
        ("{'type': 'interrupt'}", "bad_json", None, "line 1 column 2"),
        ('{"type":"user.text","text":"\\ud800"}', "bad_json", None, "hex escape"),
        ('{"type":"user.text","text":"\ud800"}', "bad_json", None, "not valid Unicode"),
        ('{"type":"ack","seq":' + "9" * 5000 + "}", "bad_json", None, "number out of range"),
        ('{"type":"tool.result","call":"c","output":' + "[" * 500, "bad_json", None, "recursion limit"),
        ("[]", "bad_message", None, "expected an object with a type, got a list"),
        ("7", "bad_message", None, "got 7"),
        ('"interrupt"', "bad_message", None, "got a string"),
        ("null", "bad_message", None, "got null"),
        ("{}", "bad_message", "type", "the types are session.start, session.resume"),
        ('{"type":"user.txt"}', "unknown_type", "type", 'has the type "user.txt"; did you mean user.text?'),
        ('{"type":7}', "unknown_type", "type", "has the type 7; the types are"),
        ('{"type":null}', "unknown_type", "type", "has the type null"),
        ('{"type":{}}', "unknown_type", "type", "has the type an object"),
        ('{"type":"ping","t":NaN}', "bad_field", "t", "expected a number"),
        ('{"type":"ping","t":1e999}', "bad_field", "t", "expected a number"),
    ],
)
def test_what_is_no_message_is_described(text: str, code: str, field: str | None, said: str) -> None:
    problem = problem_of(text)
    assert (problem.code, problem.field, problem.close_code) == (code, field, None)
    assert said in problem.message


def test_a_long_value_is_not_sent_back() -> None:
    assert len(problem_of(json.dumps({"type": "x" * 60_000})).message) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "config",
        "text",
        "t",
        "seq",
        "call",
        "output",
        "error",
        "response",
        "played_ms",
        "turn",
        "tools",
        "audio",
    ]
)
OBJECTS = st.recursive(
    JSON, lambda inner: st.dictionaries(FIELDS, inner) | st.lists(inner, max_size=3), max_leaves=8
)


def outcome(text: str) -> object:
    try:
        return decode(text)
    except ProtocolError as problem:
        return problem


@given(st.text() | st.text(st.characters(exclude_categories=())))
@example("\ud800")
def test_no_text_breaks_the_decoder(text: str) -> None:
    assert isinstance(outcome(text), Wire | ProtocolError)


@given(OBJECTS)
def test_no_json_breaks_the_decoder(value: Any) -> None:
    assert isinstance(outcome(json.dumps(value)), Wire | ProtocolError)


@given(st.sampled_from(client_outline().tags), st.dictionaries(FIELDS | st.text(), OBJECTS))
def test_no_fields_break_the_decoder(tag: str, fields: dict[str, Any]) -> None:
    assert isinstance(outcome(json.dumps({**fields, "type": tag})), Wire | ProtocolError)
