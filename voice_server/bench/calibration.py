"""The benchmark measured with itself: clicks at known samples, and a server that answers to the millisecond.

The far end answers each click exactly `ANSWER_MS` after it sounded, with a tone whose first audible sample is
known, and stops that tone exactly `STOP_MS` after the next click. What the benchmark's own measures say of
it, less the truth, is its own error: that of microphone, sockets, event loop and loudspeaker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from voice_server.audio.pcm import Pcm, first_audible
from voice_server.audio.rates import INPUT_HZ, ms_to_samples
from voice_server.bench.answers import answers
from voice_server.bench.overlaps import stops
from voice_server.bench.running import Connect
from voice_server.bench.scripted_server import Stage, tone
from voice_server.bench.statistics import NEVER, Distribution, percentile
from voice_server.client.call import Call, Recording
from voice_server.client.clock import NS_PER_MS, to_ns
from voice_server.client.script import Action, HangUp, Scene
from voice_server.client.track import Track

CLICKS = 20
"""Half of them ask for an answer, half for a stop."""
SPACING_MS = 509
"""A prime, so that clicks fall on every place within a frame."""
ANSWER_MS = 150
STOP_MS = 90
QUIET_SAMPLES = 137
CLICK = np.full(16, 20_000, np.int16)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The benchmark's own error, in ms. The spreads are of its size, whatever its sign."""

    turn_gap: Distribution
    barge_in_stop: Distribution
    turn_gap_bias: float
    """Median with its sign: positive is measured too long."""
    barge_in_stop_bias: float


class Metronome:
    """The far end. To it, a frame's last sample sounded at the moment at which the frame arrives."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._clicks = 0

    async def heard(self, samples: Pcm) -> None:
        index = first_audible(samples)
        if index is None:
            return
        click_ns = self._stage.clock.now_ns() - to_ns(len(samples) - index, INPUT_HZ)
        response = self._clicks // 2 + 1
        if self._clicks % 2 == 0:
            await self._stage.say("response.started", response=response, turn=response)
            self._stage.play(response, tone(2 * SPACING_MS, QUIET_SAMPLES), click_ns + ANSWER_MS * NS_PER_MS)
        else:
            self._stage.stop_at(response, "barge_in", click_ns + STOP_MS * NS_PER_MS)
        self._clicks += 1

    async def told(self, message: dict[str, Any]) -> None:
        """Playback reports and acks change nothing here."""


@dataclass(slots=True)
class UntilOver:
    """Play the clicks, and hang up a while after."""

    def act(self, scene: Scene) -> list[Action]:
        return [HangUp()] if scene.now_ms >= scene.sound_end_ms + SPACING_MS else []


async def calibrate(connect: Connect) -> Calibration:
    """Measure a `Metronome` that `connect` leads to. Takes about 11 s of real time."""
    track = Track(INPUT_HZ)
    clicks_ms = [SPACING_MS * (number + 1) for number in range(CLICKS)]
    for click_ms in clicks_ms:
        track.lay(CLICK, ms_to_samples(click_ms, INPUT_HZ))
    async with connect() as client:
        call = Call(client, UntilOver(), track)
        await call.hold()
    return own_error(call.recording(), clicks_ms)


def own_error(recording: Recording, clicks_ms: list[int]) -> Calibration:
    """Compare what the measures say about these clicks with what is true."""
    heard = {answer.response: answer.audible_ms for answer in answers(recording)}
    quiet_ms = QUIET_SAMPLES * 1000 / INPUT_HZ
    gaps, stopped = [], []
    for number, (asked_ms, stop_ms) in enumerate(zip(clicks_ms[::2], clicks_ms[1::2], strict=True), 1):
        gaps.append(heard.get(number, NEVER) - asked_ms - ANSWER_MS - quiet_ms)
        found = stops(recording, number)
        stopped.append((found[0].at_ms if found else NEVER) - stop_ms - STOP_MS)
    return Calibration(_sizes(gaps), _sizes(stopped), percentile(gaps, 0.5), percentile(stopped, 0.5))


def _sizes(errors_ms: list[float]) -> Distribution:
    sizes = Distribution.of(abs(error) for error in errors_ms)
    assert sizes is not None
    return sizes
