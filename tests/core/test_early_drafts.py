"""An answer may be begun while the user still speaks, and costs nothing when that was wrong."""

from __future__ import annotations

from tests.core.situations import QUESTION, hear
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.policy import Policy


def speaking(*hypotheses: str) -> World:
    """The user speaks, and this is what the transcriber makes of it."""
    world = World()
    world.start_speaking()
    for hypothesis in hypotheses:
        world.wait(300)
        world.transcribe(hypothesis)
    return world


def generated(world: World) -> list[tuple[str, bool]]:
    """What the language model was asked to answer, and whether the user was still speaking."""
    return [(order.messages[-1].content, order.early) for order in world.every(commands.Generate)]


def stop_and_answer(world: World) -> None:
    world.stop_speaking()
    world.score_turn(0.99)
    world.live(1_000, QUESTION)


def test_a_hypothesis_that_may_be_the_whole_turn_is_answered_and_the_answer_kept() -> None:
    world = speaking("What", QUESTION)
    world.generate("It is ten.")
    world.end_generation()
    stop_and_answer(world)
    assert generated(world) == [(QUESTION, True)]
    assert [began.response for began in world.every(commands.ResponseBegan)] == [1]


def test_the_next_words_throw_it_away() -> None:
    world = speaking("What time is it?", "What time is it in", "What time is it in Rome?")
    assert generated(world) == [("What time is it?", True), ("What time is it in Rome?", True)]
    assert world.every(commands.Discard) == [commands.Discard(1)]
    assert not world.every(commands.ResponseBegan)


def test_a_draft_that_is_declined_is_begun_when_the_voice_fades() -> None:
    world = speaking(QUESTION)
    world.tell(events.DraftDeclined(1))
    world.fade()
    world.transcribe(QUESTION)
    assert generated(world) == [(QUESTION, True), (QUESTION, False)]


def test_a_draft_that_is_declined_after_the_turn_is_over_is_begun_all_the_same() -> None:
    world = speaking(QUESTION)
    world.fade()
    world.transcribe(QUESTION)
    world.stop_speaking()
    while not world.every(commands.ResponseBegan):
        world.score_turn(0.99)
        world.wait(100)
    world.tell(events.DraftDeclined(1))
    assert generated(world) == [(QUESTION, True), (QUESTION, False)]
    hear(world, "It is ten.")
    world.wait(5_000)
    assert [ended.heard for ended in world.every(commands.ResponseEnded)] == ["It is ten."]


def test_a_draft_that_waits_for_the_end_of_the_turn_has_not_stalled() -> None:
    world = World(policy=Policy(generation_stall_ms=500))
    world.start_speaking()
    world.wait(300)
    world.transcribe(QUESTION)
    world.generate("It is ten. ")
    world.wait(1_500)
    assert not world.every(commands.Trouble)
    world.transcribe("Never")
    stop_and_answer(world)
    assert not world.every(commands.Trouble)


def test_an_early_draft_rests_while_the_last_words_are_looked_for_and_speaks_when_they_are_known() -> None:
    world = speaking(QUESTION)
    world.fade()
    assert world.every(commands.Pause) == [commands.Pause(1)]
    world.transcribe(QUESTION)
    assert world.every(commands.Proceed) == [commands.Proceed(1)]
    assert not world.every(commands.Synthesize)


def test_no_sound_is_made_of_it_before() -> None:
    world = speaking(QUESTION)
    world.generate("It is ten. It")
    assert world.every(commands.Pause) == [commands.Pause(1)], (
        "its first clause is there, and no more is wanted"
    )
    assert not world.every(commands.Synthesize)
    world.fade()
    world.transcribe(QUESTION)
    assert not world.every(commands.Synthesize)
    world.stop_speaking(silence_ms=60)
    assert [order.text for order in world.every(commands.Synthesize)] == ["It is ten."]


def test_a_voice_that_faded_and_came_back_is_answered_by_its_last_words() -> None:
    world = speaking("What")
    world.fade()
    world.transcribe("What time.")
    world.wait(300)
    world.transcribe(QUESTION)
    assert generated(world)[-1] == (QUESTION, True)
    assert not world.every(commands.Synthesize)


def test_a_whole_early_draft_is_spoken_whole() -> None:
    world = speaking(QUESTION)
    world.generate("It is ten.")
    world.end_generation()
    stop_and_answer(world)
    orders = [command for _, command in world.said]
    spoken = [type(c) for c in orders if isinstance(c, commands.Synthesize | commands.FinishAudio)]
    assert spoken == [commands.Synthesize, commands.FinishAudio]


def test_a_draft_that_fails_while_the_user_speaks_is_begun_again_afterwards() -> None:
    world = speaking(QUESTION)
    world.end_generation(failure="it broke")
    assert not world.every(commands.Trouble)
    world.fade()
    world.transcribe(QUESTION)
    assert generated(world) == [(QUESTION, True), (QUESTION, False)]
