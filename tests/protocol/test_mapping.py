"""What messages mean to the core, and what facts are called on the wire."""

from __future__ import annotations

from typing import get_args

import pytest

from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig, TurnConfig
from voice_server.errors import ProtocolError
from voice_server.protocol import client_messages as client
from voice_server.protocol import server_messages as server
from voice_server.protocol.codec import decode_server, encode
from voice_server.protocol.codes import ErrorCode
from voice_server.protocol.config import AudioConfig, Config
from voice_server.protocol.config import TurnConfig as WireTurnConfig
from voice_server.protocol.configuring import resolved
from voice_server.protocol.heartbeat import ClientPong, Ping
from voice_server.protocol.mapping import CoreMessage, error_of, event_of, message_of

CONFIG = SessionConfig(voice="joe", greeting="Hi.")

EVENTS: list[tuple[client.ClientMessage, events.Event]] = [
    (client.UserText(text="hi"), events.UserTyped("hi", True)),
    (client.UserText(text="hi", interrupt=False), events.UserTyped("hi", False)),
    (client.Interrupt(), events.Interrupted()),
    (client.Playback(response=4, played_ms=900), events.PlaybackReported(4, 900)),
    (client.TurnStart(), events.TurnStarted(5_000)),
    (client.TurnCommit(), events.TurnCommitted(5_000)),
    (client.ToolResult(call="c", output="sunny"), events.ToolAnswered("c", "sunny", None)),
    (
        client.ToolResult(call="c", output={"°C": 4}, final=False, speak="never"),
        events.ToolAnswered("c", '{"°C": 4}', None, final=False, speak="never"),
    ),
    (client.ToolResult(call="c"), events.ToolAnswered("c", "null", None)),
    (client.ToolResult(call="c", error="it broke"), events.ToolAnswered("c", None, "it broke")),
    (client.ContextAdd(text="news"), events.ContextAdded("news")),
    (client.ContextAdd(text="news", speak="when_idle"), events.ContextAdded("news", "when_idle")),
    (client.SessionEnd(), events.SessionEnding("client")),
    (
        client.SessionUpdate(config=Config(turn=WireTurnConfig(mode="manual"))),
        events.Configured(SessionConfig(voice="joe", greeting="Hi.", turn=TurnConfig(mode="manual"))),
    ),
]
LINK: list[client.ClientMessage] = [Ping(t=1), ClientPong(t=1), client.Ack(seq=4)]
REFUSED: list[tuple[client.ClientMessage, ErrorCode]] = [
    (client.SessionStart(), ErrorCode.NOT_NOW),
    (client.SessionResume(session="s", token="t", last_seq=0), ErrorCode.NOT_NOW),
]

MESSAGES: list[tuple[facts.Fact, server.ServerMessage]] = [
    (facts.TurnOpened(1, 400), server.SpeechStarted(turn=1, at_ms=400)),
    (facts.TurnPaused(1, 900), server.SpeechStopped(turn=1, at_ms=900)),
    (facts.TranscriptRevised(1, "what is", 4), server.TranscriptPartial(turn=1, text="what is", stable=4)),
    (
        facts.TranscriptCommitted(1, "What is?", 400, 900),
        server.TranscriptFinal(turn=1, text="What is?", start_ms=400, end_ms=900),
    ),
    (facts.TurnPassed(3, 900, 6_900), server.TranscriptFinal(turn=3, text="", start_ms=900, end_ms=6_900)),
    (facts.ResponseBegan(2, 1), server.ResponseStarted(response=2, turn=1)),
    (facts.TextAdded(2, "It "), server.ResponseText(response=2, delta="It ")),
    (
        facts.WordsPlaced(2, (Word("It", 0, 2_205), Word("is.", 2_206, 22_050))),
        server.ResponseWords(
            response=2,
            words=(
                server.SpokenWord(text="It", start_ms=0, end_ms=100),
                server.SpokenWord(text="is.", start_ms=100, end_ms=1_000),
            ),
        ),
    ),
    (
        facts.ResponseStopped(2, "barge_in", 4_000),
        server.ResponseStop(response=2, reason="barge_in", at_ms=4_000),
    ),
    (facts.ResponseResumed(2, 2_206), server.ResponseResume(response=2, position=2_206)),
    (
        facts.ResponseEnded(2, "interrupted", "It is.", "It", {"turn_end": 210, "first_token": 260}),
        server.ResponseDone(
            response=2,
            status="interrupted",
            text="It is.",
            heard="It",
            latency=server.Latency(turn_end=210, first_token=260),
        ),
    ),
    (facts.ConfigChanged(CONFIG), server.SessionUpdated(config=resolved(CONFIG))),
    (
        facts.Trouble("generation_failed", "No answer."),
        server.Error(code="generation_failed", message="No answer.", fatal=False),
    ),
    (
        facts.ToolCalled("call_1", 2, "weather", '{"city":"Oslo","days":2}'),
        server.ToolCall(call="call_1", response=2, name="weather", arguments={"city": "Oslo", "days": 2}),
    ),
    (facts.ToolCancelled("call_1"), server.ToolCancelled(call="call_1")),
    (
        facts.Trouble("bad_field", "No such call.", field="call"),
        server.Error(code="bad_field", message="No such call.", fatal=False, field="call"),
    ),
    (facts.SessionEnded("idle"), server.SessionEnded(reason="idle")),
]


@pytest.mark.parametrize(("message", "event"), EVENTS)
def test_a_message_tells_the_core(message: CoreMessage, event: events.Event) -> None:
    assert event_of(message, CONFIG, heard_ms=5_000) == event


@pytest.mark.parametrize(("message", "code"), REFUSED)
def test_what_cannot_be_done_is_refused_and_the_session_goes_on(
    message: CoreMessage, code: ErrorCode
) -> None:
    with pytest.raises(ProtocolError) as caught:
        event_of(message, CONFIG, heard_ms=0)
    problem = caught.value
    assert (problem.code, problem.field, problem.in_reply_to) == (code, "type", message.type)
    assert not error_of(problem).fatal


def test_every_client_message_has_a_meaning() -> None:
    tried = [message for message, _ in EVENTS] + LINK + [message for message, _ in REFUSED]
    assert {type(message) for message in tried} == set(get_args(client.ClientMessage))


@pytest.mark.parametrize(("fact", "message"), MESSAGES)
def test_a_fact_has_its_message(fact: facts.Fact, message: server.ServerMessage) -> None:
    assert message_of(fact, output_rate_hz=22_050) == message


def test_every_fact_has_a_message() -> None:
    assert {type(fact) for fact, _ in MESSAGES} == set(get_args(facts.Fact))


def test_a_changed_rate_is_refused_and_the_field_named() -> None:
    for audio, field in (
        (AudioConfig(input_rate=8000), "config.audio.input_rate"),
        (AudioConfig(output_rate=8000), "config.audio.output_rate"),
    ):
        with pytest.raises(ProtocolError, match="cannot change within a session; it is") as caught:
            event_of(client.SessionUpdate(config=Config(audio=audio)), CONFIG, heard_ms=0)
        assert (caught.value.field, caught.value.in_reply_to) == (field, "session.update")


def test_the_same_rate_again_changes_nothing() -> None:
    same = client.SessionUpdate(config=Config(audio=AudioConfig(input_rate=16000, output_rate=22050)))
    assert event_of(same, CONFIG, heard_ms=0) == events.Configured(CONFIG)


def test_an_error_says_what_the_problem_says() -> None:
    problem = ProtocolError(
        ErrorCode.TOO_LARGE, "too long", field="text", close_code=4413, in_reply_to="user.text"
    )
    error = error_of(problem)
    assert error == server.Error(
        code="too_large", message="too long", fatal=True, field="text", in_reply_to="user.text"
    )
    assert decode_server(encode(error, seq=1, t_ms=0)).message == error
