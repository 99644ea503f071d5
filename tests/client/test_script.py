from __future__ import annotations

import numpy as np

from voice_server.client.clock import NS_PER_MS
from voice_server.client.log import Entry, Log
from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.script import BargeIn, HangUp, Scene, Send, Speak, UntilAnswered, start_sample
from voice_server.client.track import Track
from voice_server.client.wire import AudioFrame

RATE_HZ = 1000
SOUND = np.full(16_000, 5_000, np.int16)


class Stage:
    """A session made of numbers: a second of speech from time zero, and whatever a test lets happen."""

    def __init__(self) -> None:
        self.log = Log(zero_ns=0)
        self.loudspeaker = Loudspeaker(RATE_HZ)
        self.track = Track(16_000)
        self.track.lay(SOUND)

    def message(self, now_ms: int, type_: str, **fields: object) -> None:
        self.log.add(Entry(now_ms * NS_PER_MS, True, {"type": type_, **fields}))

    def audio(self, at_ms: int, samples: int, response: int = 1, quiet: int = 0) -> None:
        sound = np.full(samples, 9_000, np.int16)
        sound[:quiet] = 3
        self.loudspeaker.receive(AudioFrame(response, 0, sound, last=True), at_ms)

    def at(self, now_ms: float) -> Scene:
        return Scene(now_ms, self.log, self.loudspeaker, self.track)


def test_the_answer_is_audible_from_its_first_loud_sample() -> None:
    stage = Stage()
    stage.audio(1_300, 500, quiet=60)
    assert stage.at(1_350).audible_at_ms() is None
    assert stage.at(1_400).audible_at_ms() == 1_360


def test_a_barge_in_waits_for_the_answer_and_happens_once() -> None:
    stage, barge_in = Stage(), BargeIn(SOUND, 800, after_answer=True)
    assert list(barge_in.act(stage.at(1_000))) == []
    stage.audio(1_300, 5_000)
    assert list(barge_in.act(stage.at(1_320))) == [Speak(SOUND, 2_100)]
    assert list(barge_in.act(stage.at(1_340))) == []


def test_a_barge_in_at_a_time_of_its_own_does_not_wait() -> None:
    assert list(BargeIn(SOUND, 2_500).act(Stage().at(0))) == [Speak(SOUND, 2_500)]


def answered() -> Stage:
    stage = Stage()
    stage.message(1_200, "speech.stopped", turn=1, at_ms=1_000)
    stage.message(1_250, "response.started", response=1, turn=1)
    stage.audio(1_300, 1_000)
    return stage


def test_is_over_when_the_answer_was_heard_and_it_was_quiet_for_a_while() -> None:
    stage, script = answered(), UntilAnswered(idle_ms=500)
    assert list(script.act(stage.at(2_900))) == []
    stage.message(2_310, "response.done", response=1, status="completed")
    assert list(script.act(stage.at(2_809))) == []
    assert list(script.act(stage.at(2_810))) == [HangUp()]


def test_waits_for_the_loudspeaker_even_when_the_response_is_done() -> None:
    stage, script = answered(), UntilAnswered(idle_ms=500)
    stage.message(1_400, "response.done", response=1, status="completed")
    assert list(script.act(stage.at(2_700))) == []
    assert list(script.act(stage.at(2_800))) == [HangUp()]


def test_loses_patience_with_a_server_that_never_answers() -> None:
    script = UntilAnswered(patience_ms=3_000)
    assert list(script.act(Stage().at(3_999))) == []
    assert list(script.act(Stage().at(4_000))) == [HangUp()]


def test_an_answer_before_the_last_speech_is_not_the_answer() -> None:
    stage, script = answered(), UntilAnswered(idle_ms=500, patience_ms=9_000)
    stage.message(2_310, "response.done", response=1, status="interrupted")
    stage.message(2_900, "speech.stopped", turn=2, at_ms=2_700)
    assert list(script.act(stage.at(5_000))) == []


def test_sends_its_opening_first_and_once() -> None:
    opening = Send("user.text", (("text", "hello"),))
    script = UntilAnswered(opening=(opening,))
    assert list(script.act(Stage().at(0))) == [opening]
    assert list(script.act(Stage().at(20))) == []


def test_speech_begins_where_it_was_ordered_or_as_soon_as_can_be() -> None:
    track = Track(16_000)
    assert start_sample(Speak(SOUND, 100), track, 320) == 1_600
    assert start_sample(Speak(SOUND, 100), track, 6_400) == 6_400
