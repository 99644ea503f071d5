"""What a client wanted in a captured session, told once more to another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voice_server.core import commands, events
from voice_server.core.policy import SessionConfig, TurnConfig
from voice_server.core.tools import ToolCall
from voice_server.core.trace import encode
from voice_server.replaying.wishes import Change, Wish, wishes

BEGAN = SessionConfig(instructions="Be brief.")


def told(*happened: events.Event | None, ordered: tuple[commands.Command, ...] = ()) -> list[dict[str, Any]]:
    """The core's records: one each second, and what it ordered at first."""
    given = [encode(command) for command in ordered]
    return [
        {"at": 1_000 * second, "event": encode(event) if event else None, "commands": [] if second else given}
        for second, event in enumerate(happened)
    ]


def wanted(
    *happened: events.Event | None, ordered: tuple[commands.Command, ...] = ()
) -> list[tuple[int, Wish]]:
    return list(wishes(BEGAN, told(*happened, ordered=ordered)))


def test_what_the_client_did_happens_again_and_nothing_else() -> None:
    typed, stopped = events.UserTyped("Hello."), events.Interrupted()
    lost = events.Disconnected()
    happened = (events.SessionBegan(), typed, None, events.SpeechStarted(40, 80), lost, stopped)
    assert wanted(*happened) == [(1_000, typed), (5_000, stopped)]


def test_a_session_ends_again_if_the_client_ended_it() -> None:
    ended = events.SessionEnding("client")
    assert wanted(ended, events.SessionEnding("disconnected")) == [(0, ended)]


def test_the_clients_tools_answer_again_and_the_servers_do_it_themselves() -> None:
    ours, theirs = (events.ToolAnswered(call, "noon", None) for call in ("call_1", "call_2"))
    run = commands.RunTool(ToolCall("call_1", "clock", "{}"))
    assert wanted(None, ours, theirs, ordered=(run,)) == [(2_000, theirs)]


def test_a_changed_configuration_is_what_it_changed() -> None:
    longer = replace(BEGAN, instructions="Be long.")
    patient = replace(longer, turn=TurnConfig(responsiveness=0.1))
    (_, first), (_, second) = wanted(events.Configured(longer), events.Configured(patient))
    assert isinstance(first, Change)
    assert isinstance(second, Change)
    other = replace(BEGAN, turn=TurnConfig(responsiveness=0.8, barge_in=False))
    once = first.made_to(other)
    assert (once.instructions, once.turn) == ("Be long.", other.turn)
    assert second.made_to(once).turn == TurnConfig(responsiveness=0.1, barge_in=False)
