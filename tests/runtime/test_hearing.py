"""From probabilities to onsets and offsets, in numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from voice_server.adapters.vad_silero import SileroJudge
from voice_server.adapters.vad_webrtc import WebrtcGate
from voice_server.audio.pcm import Pcm
from voice_server.core.events import SpeechFaded, SpeechStarted, SpeechStopped
from voice_server.ports import VoiceStream, Workers
from voice_server.runtime.hearing import Hearing, HearingPolicy, Sign

POLICY = HearingPolicy(
    start_probability=0.5,
    fade_probability=0.65,
    stop_probability=0.35,
    stop_silence_ms=100,
    gate_hold_ms=100,
    onset_lead_ms=40,
)


class Says:
    """A detector, and its own stream, that gives these probabilities one after another."""

    def __init__(self, *probabilities: float) -> None:
        self._probabilities = iter(probabilities)
        self.pushed = self.skipped = 0

    def open(self) -> VoiceStream:
        return self

    async def push(self, frame: Pcm) -> float:
        self.pushed += 1
        return next(self._probabilities)

    def skip(self, frame: Pcm) -> None:
        self.skipped += 1

    def reset(self) -> None:
        self.pushed = self.skipped = 0


async def _heard(gate: Says, judge: Says, frames: int) -> list[Sign]:
    hearing = Hearing(gate, judge, POLICY)
    found = [await hearing.hear(np.zeros(320, np.int16)) for _ in range(frames)]
    return [event for event in found if event]


async def test_silence_says_nothing_and_spares_the_judge() -> None:
    gate, judge = Says(*[0.0] * 10), Says()
    assert await _heard(gate, judge, 10) == []
    assert (gate.pushed, judge.pushed, judge.skipped) == (10, 0, 10)


async def test_speech_starts_with_the_first_sure_window_and_stops_after_the_silence() -> None:
    judge = Says(0.2, 0.6, 0.9, 0.4, 0.3, 0.1, 0.1, 0.1, 0.1)
    found = await _heard(Says(*[1.0] * 9), judge, 9)
    assert found == [
        SpeechStarted(at_ms=0, heard_ms=40),
        SpeechFaded(at_ms=60, heard_ms=80),
        SpeechStopped(at_ms=60, heard_ms=160),
    ]


async def test_a_voice_that_is_half_heard_fades_once_and_goes_on() -> None:
    judge = Says(0.9, *[0.5] * 10, 0.9)
    found = await _heard(Says(*[1.0] * 12), judge, 12)
    assert found == [SpeechStarted(at_ms=0, heard_ms=20), SpeechFaded(at_ms=20, heard_ms=40)]


async def test_the_end_of_a_soft_voice_is_not_put_where_it_was_last_loud() -> None:
    judge = Says(0.9, *[0.5] * 10, 0.1)
    found = await _heard(Says(*[1.0] * 12), judge, 12)
    assert found[-1] == SpeechStopped(at_ms=120, heard_ms=240)


async def test_a_short_dip_fades_but_does_not_stop_it() -> None:
    judge = Says(0.9, 0.1, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1)
    found = await _heard(Says(*[1.0] * 11), judge, 11)
    assert found == [
        SpeechStarted(at_ms=0, heard_ms=20),
        SpeechFaded(at_ms=20, heard_ms=40),
        SpeechFaded(at_ms=120, heard_ms=140),
        SpeechStopped(at_ms=120, heard_ms=220),
    ]


async def test_the_judge_listens_on_while_the_gate_was_open_lately() -> None:
    gate, judge = Says(1.0, *[0.0] * 9), Says(*[0.1] * 6)
    assert await _heard(gate, judge, 10) == []
    assert (judge.pushed, judge.skipped) == (6, 4)


async def test_a_soft_word_in_a_pause_is_heard_although_the_gate_is_deaf_to_it(
    workers: Workers, sound: Callable[[str], Pcm]
) -> None:
    hearing = Hearing(WebrtcGate(), SileroJudge(workers), HearingPolicy())
    recording = sound("long/cold_corpus_um_pause.wav")
    found = [await hearing.hear(recording[begin : begin + 320]) for begin in range(0, 16_000 * 19, 320)]
    began_ms = [sign.at_ms for sign in found if isinstance(sign, SpeechStarted)]
    assert any(17_700 < at_ms < 18_000 for at_ms in began_ms)  # "uh", by the manifest at 17 792


async def test_the_judge_listens_to_the_end_of_speech_with_the_gate_shut() -> None:
    gate, judge = Says(1.0, *[0.0] * 19), Says(*[0.9] * 15, *[0.0] * 5)
    found = await _heard(gate, judge, 20)
    assert found == [
        SpeechStarted(at_ms=0, heard_ms=20),
        SpeechFaded(at_ms=300, heard_ms=320),
        SpeechStopped(at_ms=300, heard_ms=400),
    ]
