"""What is asked of the models, and when."""

from __future__ import annotations

from tests.core.situations import QUESTION, in_floor, new_world
from voice_server.core import commands
from voice_server.core.deadlines import Deadlines
from voice_server.core.listening import Listening
from voice_server.core.policy import Policy
from voice_server.core.turns import Floor

POLICY = Policy()


def test_one_hypothesis_at_a_time_renewed_while_the_user_speaks() -> None:
    world = new_world()
    world.start_speaking(onset_ms=80)
    onset_ms = world.now_ms - 80
    world.wait(1_000)
    assert [o.end_ms for o in world.every(commands.Transcribe)] == [onset_ms + 200]
    for number, interval_ms in ((1, POLICY.opening_interval_ms), (2, POLICY.partial_interval_ms)):
        world.transcribe("what")
        world.wait(interval_ms - 1)
        assert len(world.every(commands.Transcribe)) == number
        world.wait(1)
        assert world.every(commands.Transcribe)[number:] == [
            commands.Transcribe(number + 1, onset_ms - 300, world.now_ms, final=False)
        ]


def test_the_sound_before_the_onset_is_kept_and_never_before_the_beginning() -> None:
    world = new_world()
    world.now_ms = 200
    world.start_speaking(onset_ms=80)
    assert world.every(commands.KeepInput) == [commands.KeepInput(0)]


def test_silence_asks_for_the_final_words_and_for_an_opinion() -> None:
    world = in_floor(Floor.USER)
    world.clear()
    world.stop_speaking(silence_ms=150)
    start_ms = world.now_ms - 500 - 80 - 300
    assert [command for _, command in world.said] == [
        commands.TurnPaused(1, world.now_ms - 150),
        commands.Transcribe(2, start_ms, world.now_ms, final=True),
        commands.ScoreTurn(3, start_ms, world.now_ms),
    ]


def test_opinions_are_asked_for_again_until_the_turn_is_over() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.transcribe("I would like to")
    world.clear()
    for _ in range(5):
        world.score_turn(0.1)
        world.wait(POLICY.score_interval_ms)
    assert len(world.every(commands.ScoreTurn)) == 5
    world.wait(3_000)
    assert world.floor() is Floor.THINKING
    world.clear()
    world.score_turn(0.1)
    world.wait(1_000)
    assert not world.every(commands.ScoreTurn)


def test_an_opinion_that_would_come_too_late_is_not_asked_for() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.clear()
    world.score_turn(0.8)
    world.transcribe(QUESTION)
    world.wait(1_000)
    assert world.floor() is Floor.THINKING
    assert not world.every(commands.ScoreTurn)


def test_the_words_are_asked_for_when_the_voice_fades_and_not_again_when_it_has_stopped() -> None:
    world = in_floor(Floor.USER)
    world.clear()
    world.fade(silence_ms=60)
    world.wait(100)
    world.stop_speaking(silence_ms=160)
    assert [order.final for order in world.every(commands.Transcribe)] == [True]
    world.transcribe(QUESTION)
    world.wait(2_500)
    assert [c.text for c in world.every(commands.TranscriptCommitted)] == [QUESTION]


def test_words_known_when_the_voice_stops_are_final_at_once() -> None:
    world = in_floor(Floor.USER)
    world.fade(silence_ms=60)
    world.transcribe(QUESTION)
    world.wait(100)
    world.clear()
    world.stop_speaking(silence_ms=160)
    assert not world.every(commands.Transcribe)
    world.wait(2_500)
    assert world.floor() is Floor.THINKING


def test_a_voice_that_faded_and_went_on_is_asked_about_anew() -> None:
    world = in_floor(Floor.USER)
    world.fade(silence_ms=60)
    world.transcribe("what time")
    world.wait(600)
    world.transcribe("what time is it")
    world.clear()
    world.stop_speaking(silence_ms=100)
    assert [order.final for order in world.every(commands.Transcribe)] == [True]


def test_a_fading_that_empties_a_turn_drops_it_when_the_voice_stops() -> None:
    world = in_floor(Floor.USER)
    world.fade(silence_ms=60)
    world.transcribe("")
    world.wait(100)
    world.stop_speaking(silence_ms=160)
    assert world.floor() is Floor.OPEN


def test_the_sound_of_a_committed_turn_is_not_heard_again() -> None:
    world = in_floor(Floor.ENDPOINTING)
    heard_ms = world.every(commands.Transcribe)[-1].end_ms
    world.transcribe(QUESTION)
    world.wait(2_500)
    assert world.floor() is Floor.THINKING
    world.start_speaking(onset_ms=2_500)
    assert world.every(commands.KeepInput)[-1].from_ms == heard_ms


def test_the_input_clock_is_a_guess_between_two_events() -> None:
    listening = Listening(POLICY, Deadlines(), lambda command: None)
    listening.clock.set(heard_ms=5_000, now_ms=7_000)
    assert listening.clock.at(7_250) == 5_250
    assert listening.clock.at(1_000) == 0


def test_there_is_nothing_to_ask_about_without_a_turn() -> None:
    said: list[commands.Command] = []
    listening = Listening(POLICY, Deadlines(), said.append)
    listening.ask_partial(100)
    listening.ask_score(100)
    listening.ask_early(50, 100)
    listening.pause(50, 100)
    listening.reopen(50, 100)
    listening.attend(100)
    listening.relax(100)
    listening.forget()
    listening.drop(100)
    listening.commit("")
    assert said == []
    assert listening.split() == ""
    assert not listening.is_over(0.5, 100)


def test_a_noise_that_goes_on_from_a_fading_ends_the_turn_with_the_words_known_then() -> None:
    world = in_floor(Floor.USER)
    world.fade(silence_ms=0)
    world.transcribe("Tea")
    world.transcribe_until(lambda: world.floor() is not Floor.USER, "Tea")
    assert world.floor() is Floor.THINKING
    assert [c.text for c in world.every(commands.TranscriptCommitted)] == ["Tea"]
