"""A session's settings: merged, shown with every default, and meant for the core."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.realtime.call import BASE, Call, refusal
from voice_server.core import events
from voice_server.core.policy import SessionConfig
from voice_server.core.requests import AnswerWanted


def config(call: Call) -> SessionConfig:
    """What the core was told last."""
    event = call.core[-1]
    assert isinstance(event, events.Configured)
    return event.config


def test_the_session_that_is_created_has_every_default() -> None:
    session = Call().frames[0]["session"]
    assert session == {
        "type": "realtime",
        "object": "realtime.session",
        "id": "sess_1",
        "model": "local-voice",
        "output_modalities": ["audio"],
        "instructions": "Be kind.",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "noise_reduction": None,
                "transcription": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "idle_timeout_ms": None,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "joe", "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
        "tracing": None,
        "prompt": None,
        "include": None,
    }


def test_what_is_absent_stays_and_null_turns_off() -> None:
    call = Call()
    call.update(
        instructions="Be brief.",
        audio={"input": {"transcription": {"model": "whisper-1", "language": "en"}}},
    )
    session = call.update(audio={"output": {"voice": "amy"}}, model="gpt-realtime")
    assert (session["instructions"], session["model"]) == ("Be brief.", "gpt-realtime")
    told = {"model": "whisper-1", "language": "en", "prompt": None}
    assert session["audio"]["input"]["transcription"] == told
    off = call.update(audio={"input": {"transcription": None, "turn_detection": None}})["audio"]["input"]
    assert (off["transcription"], off["turn_detection"]) == (None, None)


def test_what_it_means_to_the_core() -> None:
    call = Call()
    call.update(
        instructions="Be brief.",
        max_output_tokens=50,
        audio={
            "input": {
                "transcription": {"language": "de"},
                "turn_detection": {"type": "semantic_vad", "eagerness": "high", "interrupt_response": False},
            },
            "output": {"voice": "amy"},
        },
        tools=[{"type": "function", "name": "f", "description": "Does.", "parameters": {"type": "object"}}],
    )
    meant = config(call)
    assert (meant.instructions, meant.max_tokens, meant.language) == ("Be brief.", 50, "de")
    assert (meant.voice, meant.greeting) == ("amy", None)
    assert (meant.turn.mode, meant.turn.answers, meant.turn.barge_in) == ("auto", True, False)
    assert meant.turn.responsiveness == 0.85
    (tool,) = meant.tools
    assert (tool.name, tool.description, tool.parameters) == ("f", "Does.", '{"type":"object"}')
    assert (meant.input_rate_hz, meant.output_rate_hz) == (BASE.input_rate_hz, BASE.output_rate_hz)


@pytest.mark.parametrize(
    ("detection", "responsiveness"),
    [
        ({"type": "semantic_vad", "eagerness": "low"}, 0.2),
        ({"type": "semantic_vad"}, 0.5),
        ({"type": "server_vad"}, 0.5),
        ({"type": "server_vad", "silence_duration_ms": 250}, 1.0),
        ({"type": "server_vad", "silence_duration_ms": 1_000}, 0.0),
        ({"type": "server_vad", "silence_duration_ms": 0}, 1.0),
    ],
)
def test_how_patient_it_is(detection: dict[str, Any], responsiveness: float) -> None:
    call = Call()
    call.update(audio={"input": {"turn_detection": detection}})
    assert config(call).turn.responsiveness == pytest.approx(responsiveness)


def test_turns_that_the_client_cuts_and_answers_that_it_asks_for() -> None:
    call = Call()
    call.update(audio={"input": {"turn_detection": None}})
    assert (config(call).turn.mode, config(call).turn.answers) == ("manual", False)
    call.update(audio={"input": {"turn_detection": {"type": "server_vad", "create_response": False}}})
    assert (config(call).turn.mode, config(call).turn.answers) == ("auto", False)


def test_another_kind_of_detection_begins_with_its_defaults() -> None:
    call = Call()
    call.update(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.8}}})
    same = call.update(audio={"input": {"turn_detection": {"create_response": False}}})
    assert same["audio"]["input"]["turn_detection"]["threshold"] == 0.8
    other = call.update(audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
    assert other["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }


def test_a_session_that_only_transcribes() -> None:
    call = Call()
    (updated,) = call.send("session.update", session={"type": "transcription"})
    session = updated["session"]
    assert (session["type"], session["object"]) == ("transcription", "realtime.transcription_session")
    assert session["audio"]["input"]["transcription"]["model"]
    assert "output" not in session["audio"]
    assert (config(call).turn.mode, config(call).turn.answers) == ("auto", False)
    asked = {"input": {"transcription": {"model": "whisper-1", "language": "de"}}}
    (updated,) = call.send("session.update", session={"audio": asked})
    assert updated["session"]["type"] == "transcription"
    assert (config(call).language, config(call).turn.answers) == ("de", False)


def test_what_only_transcribes_has_no_responses() -> None:
    call = Call()
    call.send("session.update", session={"type": "transcription"})
    call.core.clear()
    assert refusal(call.send("response.create", event_id="e-1")) == ("invalid_value", "type", "e-1")
    assert call.core == []
    assert call.update()["type"] == "realtime"
    assert config(call).turn.answers


def test_how_long_a_silence_counts_as_a_turn() -> None:
    call = Call()
    vad = {"type": "server_vad", "idle_timeout_ms": 6_000}
    shown = call.update(audio={"input": {"turn_detection": vad}})["audio"]["input"]["turn_detection"]
    assert (shown["idle_timeout_ms"], config(call).turn.silence_limit_ms) == (6_000, 6_000)
    call.update(audio={"input": {"turn_detection": {"threshold": 0.7}}})
    assert config(call).turn.silence_limit_ms == 6_000
    call.update(audio={"input": {"turn_detection": {"idle_timeout_ms": None}}})
    assert config(call).turn.silence_limit_ms is None


def test_only_server_vad_counts_silences() -> None:
    call = Call()
    call.update(audio={"input": {"turn_detection": {"type": "semantic_vad", "idle_timeout_ms": 6_000}}})
    assert config(call).turn.silence_limit_ms is None


def test_what_cannot_be_done_reads_back_as_off_and_strange_fields_are_ignored() -> None:
    call = Call()
    session = call.update(
        audio={
            "input": {"noise_reduction": {"type": "near_field"}},
            "output": {"voice": {"id": "voice_7"}, "speed": 1.5},
        },
        tools=[{"type": "mcp", "server_label": "x", "server_url": "http://x"}],
        tracing="auto",
        x_other={"a": 1},
    )
    assert session["audio"]["input"]["noise_reduction"] is None
    assert (session["audio"]["output"]["speed"], session["audio"]["output"]["voice"]) == (1.0, "voice_7")
    assert (session["tools"], session["tool_choice"], session["tracing"]) == ([], "auto", None)
    assert config(call).voice == BASE.voice


def test_functions_may_be_forbidden() -> None:
    call = Call()
    tools = [{"type": "function", "name": "f", "parameters": {}}]
    assert call.update(tools=tools, tool_choice="none")["tool_choice"] == "none"
    assert config(call).tools == ()
    call.update(tool_choice="auto")
    assert [tool.name for tool in config(call).tools] == ["f"]
    assert call.update(tools=[])["tools"] == []


FUNCTIONS: list[dict[str, Any]] = [
    {"type": "function", "name": name, "parameters": {}} for name in ("f", "g")
]


@pytest.mark.parametrize(
    ("choice", "must_call"),
    [
        ("required", ("f", "g")),
        ({"type": "function", "name": "g"}, ("g",)),
        ({"type": "function", "name": "h"}, ()),
    ],
)
def test_functions_may_be_demanded(choice: object, must_call: tuple[str, ...]) -> None:
    call = Call()
    assert call.update(tools=FUNCTIONS, tool_choice=choice)["tool_choice"] == "required"
    assert config(call).must_call == must_call
    call.update(instructions="Be brief.")
    assert config(call).must_call == must_call
    assert call.update(tool_choice="auto")["tool_choice"] == "auto"
    assert config(call).must_call == ()


def test_one_answer_may_have_to_call_what_others_need_not() -> None:
    call = Call()
    call.update(tools=FUNCTIONS)
    for choice in ("required", {"type": "function", "name": "g"}, "auto"):
        call.send("response.create", response={"tool_choice": choice})
    wishes = [event.wish for event in call.core if isinstance(event, AnswerWanted)]
    assert [wish.must_call for wish in wishes] == [("f", "g"), ("g",), ()]


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
        ({"max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        ({"instructions": 7}, "invalid_type", "session.instructions"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "psychic"}}}},
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        ({"type": "translation"}, "invalid_value", "session.type"),
    ],
)
def test_settings_that_cannot_be(session: dict[str, Any], code: str, param: str) -> None:
    call = Call()
    refused = call.send("session.update", session=session, event_id="e-1")
    assert refusal(refused) == (code, param, "e-1")
    assert call.core == []
