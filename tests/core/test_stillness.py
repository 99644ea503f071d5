"""Nobody speaks: what follows, and when."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.situations import ask, hear, in_floor, new_world
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.policy import Policy, TurnConfig
from voice_server.core.requests import AnswerWanted
from voice_server.core.stillness import MOST_PASSED
from voice_server.core.tools import ToolSpec
from voice_server.core.turns import Floor

SIX_SECONDS = TurnConfig(silence_limit_ms=6_000)
TOOL = ToolSpec("look", "Looks.", "{}")
UNSAID = Policy().unsaid


def answered(turn: TurnConfig = SIX_SECONDS) -> World:
    """A session whose first answer has just sounded to its end."""
    world = new_world(turn)
    ask(world)
    hear(world, "It is ten. It is late.")
    while world.floor() is not Floor.OPEN:
        world.wait(10)
    world.clear()
    return world


def passed(world: World) -> list[commands.TurnPassed]:
    return world.every(commands.TurnPassed)


def test_a_silence_after_an_answer_is_a_turn_and_answered() -> None:
    world = answered()
    ended_ms = world.now_ms
    world.wait(5_900)
    assert passed(world) == []
    world.wait(100)
    (turn,) = passed(world)
    assert turn.end_ms - turn.start_ms == pytest.approx(6_000, abs=10)
    assert turn.end_ms == pytest.approx(ended_ms + 6_000, abs=10)
    (began,) = world.every(commands.ResponseBegan)
    assert (began.turn, began.asked) == (turn.turn, None)
    assert [m.content for m in world.every(commands.Generate)[0].messages][-2:] == [
        "It is ten. It is late.",
        UNSAID,
    ]


def test_no_turn_passes_unless_the_client_wants_it() -> None:
    world = answered(TurnConfig())
    world.wait(600_000)
    assert passed(world) == []


def test_nor_before_the_assistant_has_said_anything() -> None:
    world = new_world(SIX_SECONDS)
    world.wait(600_000)
    assert passed(world) == []


def test_who_speaks_in_time_lets_none_pass() -> None:
    world = answered()
    world.wait(5_900)
    world.start_speaking()
    world.wait(5_000)
    assert passed(world) == []
    assert world.floor() is Floor.USER


def test_after_a_noise_the_silence_is_counted_anew() -> None:
    world = answered()
    world.wait(5_900)
    world.start_speaking()
    world.wait(300)
    world.stop_speaking()
    world.transcribe("")
    world.wait(5_900)
    assert passed(world) == []
    world.wait(200)
    assert len(passed(world)) == 1


def test_who_is_not_there_is_not_asked_for_ever() -> None:
    world = answered()
    for _ in range(10):
        world.live(10_000, "")
    assert len(passed(world)) == MOST_PASSED
    ask(world, "Yes, I am here.")
    world.live(60_000, "")
    assert len(passed(world)) == 2 * MOST_PASSED


def test_an_answer_that_the_client_asks_for_counts_as_a_sign_of_life() -> None:
    world = answered()
    world.live(60_000, "")
    world.tell(AnswerWanted("r1"))
    world.live(10_000, "")
    assert len(passed(world)) == MOST_PASSED + 1


@pytest.mark.parametrize(
    "turn",
    [
        TurnConfig(silence_limit_ms=6_000, mode="manual"),
        TurnConfig(silence_limit_ms=6_000, answers=False),
        TurnConfig(),
    ],
)
def test_the_settings_may_change_while_it_is_counted(turn: TurnConfig) -> None:
    world = answered()
    world.wait(3_000)
    world.configure(dataclasses.replace(world.config, turn=turn))
    world.wait(60_000)
    assert passed(world) == []


def test_a_longer_silence_may_be_allowed_while_it_is_counted() -> None:
    world = answered()
    world.wait(3_000)
    longer = dataclasses.replace(world.config, turn=TurnConfig(silence_limit_ms=20_000))
    world.configure(longer)
    world.wait(16_900)
    assert passed(world) == []
    world.wait(100)
    assert len(passed(world)) == 1


def test_a_client_that_is_away_lets_none_pass() -> None:
    world = answered()
    world.disconnect()
    world.wait(60_000)
    assert passed(world) == []
    world.reconnect()
    world.wait(6_000)
    assert len(passed(world)) == 1


def test_while_a_result_is_awaited_no_turn_passes() -> None:
    world = in_floor(Floor.THINKING, SIX_SECONDS)
    tools = (*world.config.tools, TOOL)
    world.configure(dataclasses.replace(world.config, tools=tools))
    world.generate("One moment. ")
    world.propose("look")
    world.end_generation()
    while world.clauses:
        world.synthesize()
    world.wait(60_000)
    assert world.calls
    assert passed(world) == []


def test_turns_that_pass_do_not_keep_a_session_for_ever() -> None:
    world = new_world(SIX_SECONDS, Policy(idle_limit_ms=60_000))
    ask(world)
    hear(world)
    world.live(200_000, "")
    assert [fact.reason for fact in world.every(commands.SessionEnded)] == ["idle"]


def test_what_is_heard_while_the_assistant_asks_is_a_turn() -> None:
    world = answered()
    world.wait(6_000)
    world.clear()
    world.start_speaking()
    world.wait(600)
    world.transcribe("I am here, go on.")
    assert world.floor() is Floor.USER
    assert isinstance(world.told[-1][0], events.Transcribed)
