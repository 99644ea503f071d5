"""Every message survives the wire."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from voice_server.errors import ProtocolError
from voice_server.protocol import client_messages as client
from voice_server.protocol import server_messages as server
from voice_server.protocol.codec import (
    decode,
    decode_server,
    encode,
    encode_client,
    fatal,
    first_message,
)
from voice_server.protocol.codes import CloseCode
from voice_server.protocol.config import AudioConfig, Config, LlmConfig, Tool, TurnConfig
from voice_server.protocol.heartbeat import ClientPong, Ping, Pong
from voice_server.protocol.limits import MAX_MESSAGE_BYTES

CONFIG = Config(
    instructions="Be brief.",
    voice="joe",
    language="en",
    greeting="Hello!",
    audio=AudioConfig(input_rate=48000, output_rate=24000),
    turn=TurnConfig(mode="manual", responsiveness=0.25, barge_in=False),
    tools=(Tool(name="clock", description="What time it is", parameters={"type": "object"}),),
    llm=LlmConfig(model="a/b:c", temperature=0.5, max_tokens=100),
)

CLIENT: list[client.ClientMessage] = [
    client.SessionStart(),
    client.SessionStart(config=CONFIG),
    client.SessionResume(session="s_1", token="t", last_seq=17),
    client.SessionUpdate(config=Config(turn=TurnConfig(responsiveness=1))),
    client.SessionEnd(),
    client.UserText(text="Grüße, 世界 👋", interrupt=False),
    client.Interrupt(),
    client.Playback(response=3, played_ms=1_240),
    client.TurnStart(),
    client.TurnCommit(),
    client.ToolResult(call="c1", output={"list": [1, None, "x"]}, final=False, speak="when_idle"),
    client.ToolResult(call="c1", error="no network"),
    client.ContextAdd(text="The train is late.", speak="never"),
    client.Ack(seq=2**40),
    Ping(t=12.5),
    ClientPong(t=1_700_000_000_000_000_001, t_ms=12),
]

SERVER: list[server.ServerMessage] = [
    server.SessionStarted(
        session="s_1",
        token="t",
        config=CONFIG,
        heartbeat_ms=10_000,
        resume_window_ms=120_000,
        limits=server.Limits(
            message_bytes=65_536, text_chars=8_000, instructions_chars=16_000, audio_ms=200, lead_ms=300
        ),
    ),
    server.SessionResumed(session="s_1", from_seq=18, response=3, position=22_050),
    server.SessionUpdated(config=Config(language="fr")),
    server.SessionEnded(reason="client"),
    server.SpeechStarted(turn=1, at_ms=900),
    server.SpeechStopped(turn=1, at_ms=2_100),
    server.TranscriptPartial(turn=1, text="what is", stable=4),
    server.TranscriptFinal(turn=1, text="What is it?", start_ms=900, end_ms=2_100),
    server.ResponseStarted(response=1, turn=1),
    server.ResponseText(response=1, delta='a "quoted"\nword'),
    server.ResponseWords(response=1, words=(server.SpokenWord(text="It", start_ms=0, end_ms=180),)),
    server.ResponseStop(response=1, reason="barge_in", at_ms=4_000),
    server.ResponseResume(response=1, position=4_410),
    server.ResponseDone(
        response=1, status="interrupted", text="It is.", heard="It", latency=server.Latency(turn_end=210)
    ),
    server.ToolCall(call="c1", response=1, name="clock", arguments={"zone": None}),
    server.ToolCancelled(call="c1"),
    server.Error(code="busy", message="Full.", fatal=True, retry_after_ms=5_000),
    Ping(t=1),
    Pong(t=0.25),
]


@pytest.mark.parametrize("message", CLIENT, ids=lambda message: message.type)
def test_a_client_message_arrives_as_it_was_sent(message: client.ClientMessage) -> None:
    assert decode(encode_client(message)) == message


@pytest.mark.parametrize("message", SERVER, ids=lambda message: message.type)
def test_a_server_message_arrives_as_it_was_sent(message: server.ServerMessage) -> None:
    received = decode_server(encode(message, seq=7, t_ms=12_345))
    assert (received.message, received.seq, received.t_ms) == (message, 7, 12_345)


def test_every_message_is_tried() -> None:
    assert {type(message) for message in CLIENT} == set(get_args(client.ClientMessage))
    assert {type(message) for message in SERVER} == set(get_args(server.ServerMessage))


def test_what_leaves_is_compact_and_without_empty_fields() -> None:
    text = encode(server.Error(code="x", message="y", fatal=False), seq=1, t_ms=2)
    assert text == '{"type":"error","code":"x","message":"y","fatal":false,"seq":1,"t_ms":2}'


def test_null_in_the_arguments_of_a_tool_is_kept() -> None:
    text = encode(server.ToolCall(call="c", response=1, name="n", arguments={"a": None}), seq=1, t_ms=0)
    assert json.loads(text)["arguments"] == {"a": None}


def test_what_is_not_said_has_the_default_of_the_protocol() -> None:
    assert decode('{"type":"user.text","text":" hi "}') == client.UserText(text="hi", interrupt=True)
    assert decode('{"type":"session.start"}') == client.SessionStart(config=Config())
    assert decode('{"type":"tool.result","call":"c"}') == client.ToolResult(
        call="c", output=None, final=True, speak="now"
    )


def test_null_counts_as_absent() -> None:
    patch = '{"type":"session.update","config":{"voice":null,"turn":null,"llm":{"temperature":null}}}'
    assert decode(patch) == client.SessionUpdate(config=Config(llm=LlmConfig()))


def test_the_time_in_a_ping_comes_back_exactly() -> None:
    for number in ("0", "12.5", "1700000000000000001", "-3"):
        message = decode(f'{{"type":"ping","t":{number}}}')
        assert isinstance(message, Ping)
        assert f'"t":{number},' in encode(Pong(t=message.t), seq=1, t_ms=0)


@pytest.mark.parametrize(
    "text", ['{"type":"session.start"}', '{"type":"session.resume","session":"s","token":"t","last_seq":0}']
)
def test_a_connection_begins_with_start_or_resume(text: str) -> None:
    assert first_message(text) == decode(text)


@pytest.mark.parametrize(
    ("data", "close_code", "named"),
    [
        ('{"type":"interrupt"}', CloseCode.BAD_MESSAGE, "got interrupt"),
        ('{"type":"session.start","config":{"voise":"x"}}', CloseCode.BAD_MESSAGE, "did you mean voice?"),
        ("hello", CloseCode.BAD_MESSAGE, "not JSON"),
        (b"\0\0", CloseCode.BAD_MESSAGE, "got audio"),
        ('{"type":"user.text","text":"' + "x" * MAX_MESSAGE_BYTES + '"}', CloseCode.TOO_LARGE, "65536"),
    ],
)
def test_a_wrong_beginning_ends_the_connection(data: str | bytes, close_code: int, named: str) -> None:
    with pytest.raises(ProtocolError, match=named.replace("?", r"\?")) as caught:
        first_message(data)
    assert caught.value.close_code == close_code


def test_a_fatal_problem_keeps_what_it_names() -> None:
    problem = ProtocolError("bad_field", "x: wrong", field="x", in_reply_to="session.start")
    ended = fatal(problem, CloseCode.BAD_MESSAGE)
    assert vars(ended) == {**vars(problem), "close_code": CloseCode.BAD_MESSAGE}


def test_the_size_limit_counts_bytes() -> None:
    frame = '{"type":"ping","t":1}'
    assert decode(frame.ljust(MAX_MESSAGE_BYTES)) == Ping(t=1)
    for too_long in (frame.ljust(MAX_MESSAGE_BYTES + 1), '{"type":"x","y":"' + "é" * 33_000 + '"}'):
        with pytest.raises(ProtocolError) as caught:
            decode(too_long)
        assert (caught.value.code, caught.value.close_code) == ("too_large", 4413)


def test_a_client_passes_over_what_a_newer_server_adds() -> None:
    received = decode_server('{"type":"speech.started","turn":1,"at_ms":5,"seq":1,"t_ms":9,"mood":"good"}')
    assert received.message == server.SpeechStarted(turn=1, at_ms=5)


@pytest.mark.parametrize("broken", [{"type": "speech.started", "turn": 1}, {"type": "new"}, [], {"seq": 1}])
def test_a_client_is_told_what_is_no_message(broken: Any) -> None:
    with pytest.raises(ValidationError):
        decode_server(json.dumps(broken))
