"""What the messages of `voice.v1` mean to the core, and what the core's facts are called on the wire."""

from __future__ import annotations

import json
from typing import assert_never

from voice_server.audio.rates import samples_to_ms
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig
from voice_server.errors import ProtocolError
from voice_server.protocol import client_messages as client
from voice_server.protocol import server_messages as server
from voice_server.protocol.codes import ErrorCode
from voice_server.protocol.configuring import merge_running, resolved

SessionMessage = (
    client.UserText
    | client.Interrupt
    | client.Playback
    | client.TurnStart
    | client.TurnCommit
    | client.ToolResult
    | client.ContextAdd
    | client.SessionUpdate
    | client.SessionEnd
)
CoreMessage = SessionMessage | client.SessionStart | client.SessionResume
"""All but those that concern the link alone: `ping`, `pong`, `ack`."""
ResponseFact = (
    facts.ResponseBegan
    | facts.TextAdded
    | facts.WordsPlaced
    | facts.ResponseStopped
    | facts.ResponseResumed
    | facts.ResponseEnded
)


def event_of(message: CoreMessage, config: SessionConfig, heard_ms: int) -> events.Event:
    """What this message of a running session tells the core.

    `config` is the session's present one, `heard_ms` the input clock now. Raises ProtocolError, never fatal,
    for what this server cannot do or what does not belong here.
    """
    if isinstance(message, client.SessionStart | client.SessionResume):
        raise _refused(ErrorCode.NOT_NOW, message, "only as the first message of a connection")
    return _event(message, config, heard_ms)


def _event(message: SessionMessage, config: SessionConfig, heard_ms: int) -> events.Event:
    match message:
        case client.UserText(text=text, interrupt=interrupt):
            return events.UserTyped(text, interrupt)
        case client.Interrupt():
            return events.Interrupted()
        case client.Playback(response=response, played_ms=played_ms):
            return events.PlaybackReported(response, played_ms)
        case client.TurnStart():
            return events.TurnStarted(heard_ms)
        case client.TurnCommit():
            return events.TurnCommitted(heard_ms)
        case client.ToolResult():
            return _result(message)
        case client.ContextAdd(text=text, speak=speak):
            return events.ContextAdded(text, speak)
        case client.SessionUpdate(config=patch):
            return events.Configured(merge_running(config, patch))
        case client.SessionEnd():
            return events.SessionEnding("client")
        case _:
            assert_never(message)


def _result(message: client.ToolResult) -> events.ToolAnswered:
    """A text is given to the model as it is, everything else as JSON."""
    output = message.output
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    failed = message.error is not None
    return events.ToolAnswered(
        message.call, None if failed else text, message.error, message.final, message.speak
    )


def message_of(fact: facts.Fact, output_rate_hz: int) -> server.ServerMessage:
    """The message for one fact. `output_rate_hz`: of the response's audio, to give words in ms."""
    match fact:
        case facts.TurnOpened(turn=turn, at_ms=at_ms):
            return server.SpeechStarted(turn=turn, at_ms=at_ms)
        case facts.TurnPaused(turn=turn, at_ms=at_ms):
            return server.SpeechStopped(turn=turn, at_ms=at_ms)
        case facts.TranscriptRevised(turn=turn, text=text, stable=stable):
            return server.TranscriptPartial(turn=turn, text=text, stable=stable)
        case facts.TranscriptCommitted() | facts.TurnPassed():
            return _final(fact)
        case facts.ConfigChanged(config=config):
            return server.SessionUpdated(config=resolved(config))
        case facts.ToolCalled():
            return server.ToolCall(
                call=fact.call, response=fact.response, name=fact.name, arguments=json.loads(fact.arguments)
            )
        case facts.ToolCancelled(call=call):
            return server.ToolCancelled(call=call)
        case facts.Trouble(code=code, message=message, field=field):
            return server.Error(code=code, message=message, fatal=False, field=field)
        case facts.SessionEnded(reason=reason):
            return server.SessionEnded(reason=reason)
        case _:
            return _about_response(fact, output_rate_hz)


def _final(fact: facts.TranscriptCommitted | facts.TurnPassed) -> server.TranscriptFinal:
    text = fact.text if isinstance(fact, facts.TranscriptCommitted) else ""
    return server.TranscriptFinal(turn=fact.turn, text=text, start_ms=fact.start_ms, end_ms=fact.end_ms)


def _about_response(fact: ResponseFact, rate_hz: int) -> server.ServerMessage:
    match fact:
        case facts.ResponseBegan(response=response, turn=turn):
            return server.ResponseStarted(response=response, turn=turn)
        case facts.TextAdded(response=response, delta=delta):
            return server.ResponseText(response=response, delta=delta)
        case facts.WordsPlaced(response=response, words=words):
            spoken = tuple(_spoken(word, rate_hz) for word in words)
            return server.ResponseWords(response=response, words=spoken)
        case facts.ResponseStopped(response=response, reason=reason, at_ms=at_ms):
            return server.ResponseStop(response=response, reason=reason, at_ms=at_ms)
        case facts.ResponseResumed(response=response, position=position):
            return server.ResponseResume(response=response, position=position)
        case facts.ResponseEnded():
            return _done(fact)
        case _:
            assert_never(fact)


def error_of(problem: ProtocolError) -> server.Error:
    """The answer to a message that could not be used: fatal when it has a close code."""
    return server.Error(
        code=problem.code,
        message=problem.message,
        fatal=problem.close_code is not None,
        field=problem.field,
        in_reply_to=problem.in_reply_to,
    )


def _spoken(word: Word, rate_hz: int) -> server.SpokenWord:
    start_ms, end_ms = (samples_to_ms(at, rate_hz) for at in (word.start_sample, word.end_sample))
    return server.SpokenWord(text=word.text, start_ms=start_ms, end_ms=end_ms)


def _done(fact: facts.ResponseEnded) -> server.ResponseDone:
    return server.ResponseDone(
        response=fact.response,
        status=fact.status,
        text=fact.text,
        heard=fact.heard,
        latency=server.Latency.model_validate(fact.latency),
    )


def _refused(code: ErrorCode, message: client.ClientMessage, why: str) -> ProtocolError:
    return ProtocolError(code, f"{message.type}: {why}", field="type", in_reply_to=message.type)
