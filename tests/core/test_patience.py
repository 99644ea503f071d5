"""Who was cut off is given more time, until an answer is heard out again."""

from __future__ import annotations

import pytest

from tests.core.situations import QUESTION, hear, new_world
from tests.core.world import World
from voice_server.core import commands
from voice_server.core.turns import Floor

LONG_ANSWER = "It is ten. " * 10
ADDITION = "What time is it in the evening?"


def silence_before_answer(world: World, text: str) -> int:
    """The user has just said this. How many ms pass before they are answered."""
    before = len(world.every(commands.ResponseBegan))
    for silence_ms in range(100, 3_000, 50):
        world.transcribe(text)
        world.score_turn(0.95)
        if len(world.every(commands.ResponseBegan)) > before:
            return silence_ms
        world.wait(50)
    raise AssertionError("no answer")


def ask(world: World, text: str = QUESTION) -> int:
    """The user says this. Returns how long they were silent before the answer."""
    world.start_speaking()
    world.wait(600)
    world.stop_speaking(silence_ms=100)
    return silence_before_answer(world, text)


def go_on(world: World, after_ms: int) -> int:
    """So long after the answer began, the user goes on. Returns the silence before the next answer."""
    hear(world, LONG_ANSWER)
    world.wait(after_ms)
    world.start_speaking()
    world.transcribe_until(lambda: world.floor() is Floor.USER, ADDITION)
    world.stop_speaking(silence_ms=100)
    return silence_before_answer(world, ADDITION)


@pytest.mark.parametrize(("after_ms", "longer"), [(300, True), (2_000, False)])
def test_after_a_cut_off_the_next_silence_may_be_longer(after_ms: int, longer: bool) -> None:
    world = World()
    first_ms = ask(world)
    assert (go_on(world, after_ms) > first_ms) is longer


def test_an_answer_that_is_heard_out_makes_it_quick_again() -> None:
    world = World()
    first_ms = ask(world)
    go_on(world, after_ms=300)
    hear(world)
    world.wait(10_000)
    assert ask(world) == first_ms


def test_a_few_words_are_enough_for_who_was_asked() -> None:
    waits_ms = []
    for greeting in ("Hello.", "Which size would you like?"):
        world = new_world(greeting=greeting)
        while world.clauses:
            world.synthesize()
        world.wait(10_000)
        waits_ms.append(ask(world, "A small one."))
    assert waits_ms[1] < waits_ms[0]
