"""Who speaks when things go wrong in conversation."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.situations import QUESTION, ask, hear, in_floor, new_world
from tests.core.world import ANSWER, World
from voice_server.core import commands, events
from voice_server.core.policy import Policy, TurnConfig
from voice_server.core.turns import Floor

POLICY = Policy()


def stopped(world: World) -> list[commands.ResponseStopped]:
    return world.every(commands.ResponseStopped)


def prompts(world: World) -> list[str]:
    return [order.messages[-1].content for order in world.every(commands.Generate)]


def make_noise(world: World) -> None:
    """A sound without words that goes on: it is taken back."""
    world.start_speaking()
    world.live(600, "")


# ── barge-in ──


def test_an_onset_stops_the_answer_at_once() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(600)
    world.clear()
    world.start_speaking(onset_ms=60)
    orders = [command for _, command in world.said[:2]]
    assert orders == [commands.Pause(1), commands.ResponseStopped(1, "barge_in", world.now_ms - 60)]
    assert world.floor() is Floor.CONTESTED


def test_words_confirm_it_and_history_keeps_what_was_heard() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(600)
    world.start_speaking()
    world.wait(300)
    world.transcribe("What about")
    assert world.floor() is Floor.USER
    assert [(f.status, f.heard) for f in world.every(commands.ResponseEnded)] == [("interrupted", "It is")]
    assert [entry.content for entry in world.session.conversation.entries] == [QUESTION, "It is"]


def test_a_cough_is_taken_back_from_the_word_that_was_cut() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(600)
    world.start_speaking()
    world.wait(250)
    world.stop_speaking()
    world.clear()
    world.transcribe("")
    assert world.every(commands.ResponseResumed) == [commands.ResponseResumed(1, 8_000)]
    assert world.every(commands.Play) == [commands.Play(1, 8_000)]
    assert world.floor() is Floor.AGENT


def test_a_cough_whose_silence_is_known_to_be_empty_is_taken_back_when_it_ends() -> None:
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    world.wait(160)
    world.fade(60)
    world.transcribe("")
    assert world.floor() is Floor.CONTESTED
    world.wait(100)
    world.stop_speaking(160)
    assert world.floor() is Floor.AGENT


def test_a_backchannel_is_taken_back() -> None:
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    world.wait(300)
    world.transcribe("mm-hmm")
    assert world.floor() is Floor.CONTESTED
    world.stop_speaking()
    world.transcribe("Mm-hmm.")
    assert world.floor() is Floor.AGENT


def test_a_long_noise_is_taken_back_and_words_in_it_still_count() -> None:
    world = in_floor(Floor.AGENT)
    make_noise(world)
    assert world.floor() is Floor.AGENT
    world.wait(POLICY.background_interval_ms)
    world.transcribe("")
    world.wait(POLICY.background_interval_ms)
    world.transcribe("what about tomorrow")
    assert world.floor() is Floor.USER
    assert len(stopped(world)) == 2
    world.stop_speaking()
    world.transcribe("What about tomorrow?")
    world.wait(2_500)
    assert prompts(world)[-1].endswith("What about tomorrow?")


def test_words_at_the_very_end_of_a_noise_still_count() -> None:
    world = in_floor(Floor.AGENT)
    make_noise(world)
    world.wait(200)
    world.stop_speaking()
    assert world.floor() is Floor.AGENT
    world.transcribe("What about tomorrow?")
    assert world.floor() is Floor.ENDPOINTING


def test_a_backchannel_in_a_noise_does_not_count() -> None:
    world = in_floor(Floor.AGENT)
    make_noise(world)
    world.wait(POLICY.background_interval_ms)
    world.transcribe("Thank you.")
    assert world.floor() is Floor.AGENT


def test_words_that_the_transcriber_doubts_take_the_floor_when_they_come_again() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(600)
    world.start_speaking()
    world.wait(300)
    world.transcribe("what about", logprob=-1.3)
    assert world.floor() is Floor.CONTESTED
    world.wait(60)
    world.transcribe("what about to", logprob=-1.3)
    assert world.floor() is Floor.USER


@pytest.mark.parametrize(("second", "floor"), [("what about", Floor.USER), ("", Floor.AGENT)])
def test_words_in_a_noise_that_the_transcriber_doubts_are_looked_at_again(second: str, floor: Floor) -> None:
    world = in_floor(Floor.AGENT)
    make_noise(world)
    world.wait(POLICY.background_interval_ms)
    world.transcribe("what", logprob=-1.3)
    assert world.floor() is Floor.AGENT
    world.wait(POLICY.background_interval_ms)
    world.transcribe(second, logprob=-1.3)
    assert world.floor() is floor


def test_an_early_hypothesis_that_is_doubted_does_not_count_twice() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(600)
    world.start_speaking()
    world.wait(300)
    world.fade()
    world.transcribe("what about", logprob=-1.3)
    world.stop_speaking(silence_ms=60)
    assert world.floor() is Floor.AGENT


def test_a_noise_is_looked_at_in_windows_that_do_not_grow() -> None:
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    for _ in range(200):
        world.wait(600)
        world.transcribe("")
    spans = [o.end_ms - o.start_ms for o in world.every(commands.Transcribe)]
    assert max(spans) <= POLICY.stale_words_ms + POLICY.background_overlap_ms + 1_000
    assert world.floor() is Floor.OPEN


def test_words_that_the_transcriber_is_slow_to_find_are_not_lost() -> None:
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    world.wait(1_000)
    world.stop_speaking()
    world.wait(POLICY.contest_limit_ms + 1_000)
    assert world.floor() is Floor.OPEN  # taken back, and played to its end
    world.transcribe("What about tomorrow?")
    assert world.floor() is Floor.THINKING
    assert prompts(world)[-1] == "What about tomorrow?"


def test_a_sound_that_went_on_is_contested_only_so_long() -> None:
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    world.wait(POLICY.contest_limit_ms - 1)
    assert world.floor() is Floor.CONTESTED
    world.wait(1)
    assert world.floor() is Floor.AGENT


def test_one_hypothesis_of_little_sound_does_not_take_back_a_long_one() -> None:
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    world.wait(300)
    world.wait_late(1_500)  # the transcriber is slow
    world.transcribe("")
    assert world.floor() is Floor.CONTESTED


def test_without_barge_in_the_answer_goes_on_and_the_user_is_heard_after_it() -> None:
    world = in_floor(Floor.AGENT, TurnConfig(barge_in=False))
    world.start_speaking()
    world.wait(1_400)
    assert not stopped(world)
    world.wait(1_000)
    assert world.floor() is Floor.OPEN
    world.transcribe("and tomorrow")
    assert world.floor() is Floor.USER


def test_without_barge_in_an_answer_that_nobody_hears_yet_is_still_withdrawn() -> None:
    world = in_floor(Floor.THINKING, TurnConfig(barge_in=False))
    world.start_speaking()
    assert world.floor() is Floor.CONTESTED


def test_an_answer_of_which_nothing_sounded_goes_on_when_its_audio_comes() -> None:
    world = in_floor(Floor.THINKING)
    world.start_speaking()
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.THINKING
    assert world.every(commands.Play)[-1] == commands.Play(1, 0)
    hear(world)
    assert world.floor() is Floor.AGENT
    assert world.session.played_samples(1, world.now_ms + 100) == 1_600


def test_audio_that_comes_while_it_is_contested_is_played_after() -> None:
    world = in_floor(Floor.THINKING)
    world.start_speaking()
    hear(world)
    assert world.floor() is Floor.CONTESTED
    assert world.session.played_samples(1, world.now_ms + 100) == 0
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.AGENT


# ── what was asked is answered ──


def test_a_question_whose_answer_was_broken_off_by_nothing_is_answered_after_all() -> None:
    world = new_world()
    ask(world)
    world.start_speaking()
    world.wait(300)
    world.transcribe("what the")  # in a noise
    assert world.floor() is Floor.USER
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.THINKING
    assert prompts(world) == [QUESTION, QUESTION]
    assert [fact.turn for fact in world.every(commands.ResponseBegan)] == [1, 1]


def test_but_not_if_the_user_pressed_stop() -> None:
    world = new_world()
    ask(world)
    world.start_speaking()
    world.tell(events.Interrupted())
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.OPEN


def test_what_was_said_before_a_long_turn_was_split_is_answered_even_if_no_word_follows() -> None:
    world = in_floor(Floor.USER, policy=Policy(turn_limit_ms=4_000))
    for text in ("one two three", "one two three four", "one two three four five"):
        world.wait(1_000)
        world.transcribe(text)
    world.wait(1_000)
    assert [c.text for c in world.every(commands.TranscriptCommitted)] == ["one two three four five"]
    world.stop_speaking()
    world.transcribe("")
    assert world.floor() is Floor.THINKING
    assert prompts(world)[-1] == "one two three four five"


def test_a_split_turn_goes_on_with_the_sound_that_no_hypothesis_has_covered() -> None:
    world = in_floor(Floor.USER, policy=Policy(turn_limit_ms=4_000))
    world.transcribe("one two")
    covered_ms = world.every(commands.Transcribe)[0].end_ms
    world.fail_transcription()
    world.wait(3_800)
    split = world.every(commands.TranscriptCommitted)[0]
    assert split.end_ms == covered_ms
    assert world.every(commands.Transcribe)[-1].start_ms == covered_ms


# ── noise that goes on ──


def test_a_turn_ends_when_no_new_words_come_although_the_vad_hears_speech() -> None:
    world = in_floor(Floor.USER)
    spoken_ms = world.now_ms
    world.transcribe_until(lambda: world.floor() is not Floor.USER, QUESTION)
    assert world.now_ms - spoken_ms < POLICY.stale_words_ms + 700
    world.transcribe(QUESTION)
    assert world.floor() is Floor.THINKING
    assert prompts(world) == [QUESTION]
    hear(world)
    world.live(5_000, "")
    assert [fact.status for fact in world.every(commands.ResponseEnded)] == ["completed"]


def test_noise_alone_is_no_turn_and_words_in_it_are_one() -> None:
    world = in_floor(Floor.USER)
    world.live(10_000, "")
    assert world.floor() is Floor.OPEN
    assert len(world.every(commands.TurnOpened)) == 1
    world.live(600, QUESTION)
    assert world.floor() is Floor.USER
    world.live(8_000, QUESTION)
    assert QUESTION in [c.text for c in world.every(commands.TranscriptCommitted)]


def test_new_words_keep_a_turn_open() -> None:
    world = in_floor(Floor.USER)
    text = ""
    for number in range(12):
        text += f" word{number}"
        world.wait(1_500)
        world.transcribe(text)
    assert world.floor() is Floor.USER


def test_a_user_who_goes_on_at_the_limit_of_a_turn_is_not_cut_off() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.transcription = None
    world.wait_late(POLICY.turn_limit_ms)
    world.start_speaking()
    world.ring()
    assert world.floor() is Floor.USER


# ── the clocks ──


def test_the_input_clock_may_be_behind() -> None:
    world = new_world()
    world.delay_ms = 400
    world.start_speaking(onset_ms=80)
    world.wait(200)
    asked = world.every(commands.Transcribe)[-1]
    assert asked.end_ms == world.now_ms - 400 - 80
    world.wait(1_000)
    world.stop_speaking(silence_ms=200)
    assert world.every(commands.TurnPaused)[-1].at_ms == world.now_ms - 400 - 200


def test_an_hour_of_talk_leaves_nothing_behind() -> None:
    world = new_world()
    for _ in range(200):
        world.start_speaking()
        world.live(1_500, QUESTION, step_ms=100)
        world.stop_speaking()
        world.live(16_500, QUESTION, step_ms=100)
    assert len(world.every(commands.ResponseEnded)) == 200
    assert {fact.status for fact in world.every(commands.ResponseEnded)} == {"completed"}
    assert {fact.heard for fact in world.every(commands.ResponseEnded)} == {ANSWER}
    assert world.session.next_deadline() is None


def test_barge_in_can_be_turned_off_while_a_noise_is_overheard() -> None:
    world = in_floor(Floor.AGENT)
    make_noise(world)
    world.configure(dataclasses.replace(world.config, turn=TurnConfig(barge_in=False)))
    world.wait(POLICY.background_interval_ms)
    world.transcribe("what about tomorrow")
    assert world.floor() is Floor.AGENT
