"""One answer at a time, from its first token to its one ending."""

from __future__ import annotations

import pytest

from tests.core.situations import QUESTION, hear, in_floor
from tests.core.world import World, placed
from voice_server.core import commands, events
from voice_server.core.answer import CLAUSES_AHEAD
from voice_server.core.playout import PATIENCE_MS
from voice_server.core.policy import Policy
from voice_server.core.turns import Floor

POLICY = Policy()
APOLOGY = POLICY.apology


def ending(world: World) -> commands.ResponseEnded:
    (ended,) = world.every(commands.ResponseEnded)
    return ended


def spoken(world: World) -> str:
    return " ".join(order.text for order in world.every(commands.Synthesize))


def speak_all(world: World) -> None:
    while world.clauses:
        world.synthesize()


# ── text ──


@pytest.mark.parametrize("text", ["现在是十点钟。时间已经很晚了，该睡觉了。", "www." * 30 + " is it. Is it?"])
def test_what_is_spoken_in_pieces_was_heard_as_it_is_written(text: str) -> None:
    world = in_floor(Floor.THINKING)
    hear(world, text)
    assert len(world.every(commands.Synthesize)) > 1
    world.wait(300)
    world.tell(events.Interrupted())
    heard = ending(world).heard
    assert heard
    assert text.startswith(heard)
    assert len(heard) < len(text)


def test_clauses_are_spoken_as_they_are_generated_and_numbered_from_zero() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("Yes, I can, with")
    assert world.every(commands.Synthesize) == [commands.Synthesize(1, 0, "Yes, I can,")]
    world.generate(" pleasure.")
    world.end_generation()
    assert world.every(commands.Synthesize)[1:] == [commands.Synthesize(1, 1, "with pleasure.")]
    assert world.every(commands.FinishAudio) == [commands.FinishAudio(1)]


def test_text_of_a_draft_is_told_when_it_is_released() -> None:
    world = in_floor(Floor.ENDPOINTING)
    world.transcribe("I would like to")
    world.generate("Yes? ")
    world.generate("Go on")
    world.synthesize()
    assert not world.every(commands.TextAdded)
    assert not world.every(commands.WordsPlaced)
    assert not world.every(commands.Play)
    world.wait(5_000)
    assert [fact.delta for fact in world.every(commands.TextAdded)] == ["Yes? Go on"]
    assert world.every(commands.WordsPlaced) == [commands.WordsPlaced(1, placed("Yes?")[1])]
    assert world.every(commands.Play) == [commands.Play(1, 0)]
    assert world.floor() is Floor.AGENT


def test_a_draft_to_the_same_words_is_kept() -> None:
    world = in_floor(Floor.USER)
    world.fade()
    world.transcribe("what time is it")
    assert len(world.every(commands.Generate)) == 1
    world.wait(200)
    world.stop_speaking()
    world.transcribe("What time is it?")
    world.wait(2_500)
    assert len(world.every(commands.Generate)) == 1
    assert [fact.response for fact in world.every(commands.ResponseBegan)] == [1]


# ── failures ──


@pytest.mark.parametrize("said", ["", "   ", "🙂", "..."])
def test_a_model_without_words_apologises(said: str) -> None:
    world = in_floor(Floor.THINKING)
    world.generate(said)
    world.end_generation()
    assert [t.code for t in world.every(commands.Trouble)] == ["generation_failed"]
    assert spoken(world).endswith(APOLOGY)


def test_a_model_that_fails_in_the_middle_says_what_it_has_and_apologises() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. And")
    world.end_generation("connection lost")
    speak_all(world)
    world.wait(30_000)
    assert ending(world).status == "failed"
    assert ending(world).heard == f"It is ten. And {APOLOGY}"
    assert ending(world).text == ending(world).heard


@pytest.mark.parametrize("response", [1, 2])
def test_a_model_that_waits_for_its_reader_does_not_stall_and_from_then_on_it_may(response: int) -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is")
    world.tell(events.TextHeld(response, held=True))
    world.wait(POLICY.generation_stall_ms)
    assert bool(world.every(commands.Trouble)) == (response != 1)
    world.tell(events.TextHeld(response, held=False))
    world.wait(POLICY.generation_stall_ms)
    assert world.every(commands.Trouble)


@pytest.mark.parametrize("before", [None, "It is"])
def test_a_model_that_stalls_apologises(before: str | None) -> None:
    world = in_floor(Floor.THINKING)
    if before:
        world.wait(5_000)
        world.generate(before)
    world.wait(POLICY.generation_stall_ms - 1)
    assert not world.every(commands.Trouble)
    world.wait(1)
    assert world.every(commands.Trouble) == [
        commands.Trouble("generation_failed", "the language model has stalled")
    ]
    assert spoken(world).endswith(APOLOGY)


def test_a_model_rests_while_many_clauses_wait_and_stalls_only_when_it_is_asked_again() -> None:
    world = in_floor(Floor.THINKING, policy=Policy(generation_stall_ms=500))
    world.generate("It is ten. " * CLAUSES_AHEAD + "And")
    world.wait(5_000)
    assert not world.every(commands.Trouble)
    world.synthesize()
    world.wait(499)
    assert not world.every(commands.Trouble)
    world.wait(1)
    assert [t.message for t in world.every(commands.Trouble)] == ["the language model has stalled"]


def test_text_that_comes_after_the_end_is_not_spoken() -> None:
    world = in_floor(Floor.THINKING)
    world.wait(POLICY.generation_stall_ms)
    world.clear()
    world.tell(events.TextGenerated(1, "Here I am at last. "))
    world.tell(events.GenerationEnded(1))
    world.tell(events.GenerationFailed(1, "late"))
    assert world.said == []


def test_a_synthesizer_that_fails_at_once_ends_the_answer() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. ")
    world.fail_synthesis()
    world.wait(1)
    assert (ending(world).status, ending(world).heard) == ("failed", "")
    assert [t.code for t in world.every(commands.Trouble)] == ["synthesis_failed"]
    assert world.floor() is Floor.OPEN


def test_a_synthesizer_that_fails_later_ends_the_answer_where_its_audio_ends() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. It is late, too. Good night. ")
    world.synthesize()
    world.fail_synthesis()
    world.generate("Sleep well. ")
    world.tell(events.AudioSynthesized(1, 2, *placed("Good night.")))
    world.tell(events.ClauseSynthesized(1, 2))
    world.wait(749)
    assert not world.every(commands.ResponseEnded)
    world.wait(1)
    assert (ending(world).status, ending(world).heard) == ("failed", "It is ten.")


def test_a_synthesizer_that_stalls_ends_the_answer() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. It is late, too.")
    world.end_generation()
    world.synthesize()
    world.wait(750 + POLICY.synthesis_stall_ms - 1)
    assert world.floor() is Floor.AGENT
    world.wait(1)
    assert (ending(world).status, ending(world).heard) == ("failed", "It is ten.")


def test_a_clause_without_sound_is_no_stall() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten.")
    world.end_generation()
    clause = world.clauses.pop()
    world.tell(events.ClauseSynthesized(clause.response, clause.clause))
    world.wait(1)
    assert ending(world).status == "completed"


# ── playing ──


def test_an_answer_ends_when_the_last_of_its_audio_has_sounded() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(1_749)
    assert world.floor() is Floor.AGENT
    world.wait(1)
    assert (ending(world).status, ending(world).heard) == ("completed", "It is ten. It is late, too.")


def test_a_client_that_plays_later_is_waited_for() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(1_700)
    world.tell(events.PlaybackReported(1, 1_000))
    world.wait(749)
    assert world.floor() is Floor.AGENT
    world.wait(1)
    assert ending(world).status == "completed"


def test_a_report_decides_what_was_heard() -> None:
    world = in_floor(Floor.AGENT)
    world.wait(1_700)
    world.tell(events.PlaybackReported(1, 500))
    world.tell(events.Interrupted())
    assert ending(world).heard == "It is"


@pytest.mark.parametrize("played_ms", [10**9, 1_750])
def test_a_report_beyond_the_end_is_its_end(played_ms: int) -> None:
    world = in_floor(Floor.AGENT)
    world.tell(events.PlaybackReported(1, played_ms))
    world.wait(0)
    assert ending(world).status == "completed"


def test_a_report_beyond_what_is_there_yet_does_not_end_it() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. It is late, too.")
    world.end_generation()
    world.synthesize()
    world.tell(events.PlaybackReported(1, 10**9))
    world.wait(1_000)
    assert world.floor() is Floor.AGENT
    world.synthesize()
    world.wait(1_000)
    assert ending(world).status == "completed"


def play_late(world: World, late_ms: int, most_ms: int) -> int:
    """The client says every 200 ms how far it is, at most `most_ms`, until the answer ends. Returns when."""
    began_ms = world.now_ms
    while not world.every(commands.ResponseEnded):
        world.wait(200)
        played_ms = max(0, world.now_ms - began_ms - late_ms)
        world.tell(events.PlaybackReported(1, min(played_ms, most_ms)))
    (ended_ms,) = [at_ms for at_ms, said in world.said if isinstance(said, commands.ResponseEnded)]
    return ended_ms - began_ms


def test_a_loudspeaker_that_is_late_is_waited_for() -> None:
    world = in_floor(Floor.AGENT)
    assert 21_750 <= play_late(world, late_ms=20_000, most_ms=1_750) <= 21_950
    assert (ending(world).status, ending(world).heard) == ("completed", "It is ten. It is late, too.")


@pytest.mark.parametrize(("stuck_ms", "heard"), [(0, ""), (500, "It is")])
def test_a_loudspeaker_that_does_not_get_on_is_not_waited_for_without_end(stuck_ms: int, heard: str) -> None:
    world = in_floor(Floor.AGENT)
    assert play_late(world, late_ms=0, most_ms=stuck_ms) == 1_750 + PATIENCE_MS
    assert (ending(world).status, ending(world).heard) == ("interrupted", heard)
    assert [stop.reason for stop in world.every(commands.ResponseStopped)] == ["error"]
    assert world.floor() is Floor.OPEN


def test_a_report_before_there_is_sound_moves_nothing() -> None:
    world = in_floor(Floor.THINKING)
    world.tell(events.PlaybackReported(1, 400))
    hear(world)
    assert world.session.played_samples(1, world.now_ms) == 0


def test_when_the_audio_runs_dry_the_answer_goes_on_where_it_was() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. It is late, too.")
    world.end_generation()
    world.synthesize()
    world.wait(3_000)
    assert world.session.played_samples(1, world.now_ms) == 12_000
    world.synthesize()
    assert world.session.played_samples(1, world.now_ms + 100) == 12_000 + 1_600


def test_generation_goes_on_while_it_is_contested() -> None:
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. ")
    world.synthesize()
    world.start_speaking()
    world.generate("It is late. ")
    world.end_generation()
    speak_all(world)
    world.stop_speaking()
    world.transcribe("")
    world.wait(3_000)
    assert ending(world).heard == "It is ten. It is late."


def test_the_waterfall_counts_from_the_end_of_the_speech() -> None:
    world = in_floor(Floor.USER)
    world.stop_speaking(silence_ms=200)
    world.wait(40)
    world.transcribe(QUESTION)
    world.wait(1_000)
    hear(world)
    world.wait(5_000)
    latency = ending(world).latency
    assert list(latency) == [
        "transcript_final",
        "turn_end",
        "first_token",
        "first_clause",
        "first_audio",
        "first_playback",
    ]
    assert latency["transcript_final"] == 240
    assert list(latency.values()) == sorted(latency.values())
