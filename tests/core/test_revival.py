"""A session told again is the same, and knows what was under way."""

from __future__ import annotations

from tests.core.situations import QUESTION, ask, in_floor, new_world
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.revival import Revival, revived
from voice_server.core.turns import Floor


def _again(world: World) -> Revival:
    return revived(world.first_config, world.policy, [(now_ms, event) for event, now_ms in world.told])


def test_what_was_said_and_who_may_speak_is_as_it_was() -> None:
    for floor in Floor:
        world = in_floor(floor)
        revival = _again(world)
        assert revival.session.floor is floor
        assert revival.session.conversation.entries == world.session.conversation.entries
        assert revival.session.next_deadline() == world.session.next_deadline()


def test_questions_that_nobody_can_answer_any_more_are_told_to_have_failed() -> None:
    world = new_world()
    world.start_speaking()
    world.wait(300)
    order = world.transcription
    assert order
    assert events.TranscriptionFailed(order.request, "the server was lost") in _again(world).lost
    world.transcribe("What")
    assert _again(world).lost == ()


def test_a_response_is_known_as_far_as_it_was_made() -> None:
    world = new_world()
    ask(world)
    text = "It is ten. It is late, too. Good night to you."
    world.generate(text)
    world.synthesize()
    world.synthesize(whole=False)
    (making,) = _again(world).making.values()
    clauses = [order.text for order in world.every(commands.Synthesize)]
    assert (making.clauses, making.made, making.text) == (clauses, 1, text)
    assert 0 < making.begun_samples < making.total_samples
    assert making.request
    assert making.request.messages[-1].content == QUESTION
    world.end_generation()
    assert _again(world).making[making.response].request is None


def test_nothing_is_left_of_a_response_that_has_ended() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(60_000)
    assert _again(world).making == {}
