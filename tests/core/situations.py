"""A world in which the floor is where a test wants it."""

from __future__ import annotations

from tests.core.rules import Rules
from tests.core.world import RATE_HZ, World
from voice_server.core import events
from voice_server.core.policy import Policy, SessionConfig, TurnConfig
from voice_server.core.turns import Floor

QUESTION = "What time is it?"
ANSWER = "It is ten. It is late, too."

AUTO, MANUAL = TurnConfig(), TurnConfig(mode="manual")


def new_world(turn: TurnConfig = AUTO, policy: Policy | None = None, greeting: str | None = None) -> World:
    """A session that has begun, a second ago, watched by the rules."""
    config = SessionConfig(output_rate_hz=RATE_HZ, turn=turn, greeting=greeting)
    world = World(config, policy or Policy(), watch=Rules().watch)
    world.tell(events.SessionBegan())
    world.wait(1_000)
    return world


def ask(world: World, text: str = QUESTION) -> None:
    """The user says it, and the turn is over; nothing is answered yet."""
    world.start_speaking()
    world.wait(800)
    world.stop_speaking()
    world.transcribe(text)
    world.wait(2_500)


def hear(world: World, answer: str = ANSWER) -> None:
    """The model answers and the answer begins to sound."""
    world.generate(answer)
    world.end_generation()
    while world.clauses:
        world.synthesize()


def in_floor(floor: Floor, turn: TurnConfig = AUTO, policy: Policy | None = None) -> World:
    """A session whose floor is `floor`, by the voice in automatic mode, by hand in the manual one."""
    world = new_world(turn, policy)
    if floor is not Floor.OPEN:
        _go(world, floor, manual=turn.mode == "manual")
    assert world.floor() is floor
    return world


def _go(world: World, floor: Floor, *, manual: bool) -> None:
    if floor in (Floor.THINKING, Floor.AGENT, Floor.CONTESTED):
        world.tell(events.UserTyped(QUESTION))
        if floor is not Floor.THINKING:
            hear(world)
        if floor is Floor.CONTESTED:
            world.start_speaking()
    elif manual:
        world.tell(events.TurnStarted(world.heard_ms))
        world.wait(500)
        if floor is Floor.ENDPOINTING:
            world.tell(events.TurnCommitted(world.heard_ms))
    else:
        world.start_speaking()
        world.wait(500)
        if floor is Floor.ENDPOINTING:
            world.stop_speaking()
