"""Servers that must look bad: what a benchmark says about them shows whether it can tell.

They speak `voice.v1` and know nothing of speech but how loud it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from voice_server.audio.pcm import FULL_SCALE, Pcm
from voice_server.audio.rates import FRAME_MS
from voice_server.bench.scripted_server import MakeFar, Stage, tone


class Name(StrEnum):
    """Which control."""

    NEVER_STOPS = "never-stops"
    STOPS_AT_EVERYTHING = "stops-at-everything"
    FIXED_800_MS = "fixed-800ms"


@dataclass(frozen=True, slots=True)
class Control:
    """How one of them takes turns."""

    name: Name
    endpoint_ms: int
    """Silence after which it answers."""
    onset_ms: int | None
    """Loud sound after which it stops talking, for good; None: it never does."""
    misses: str
    """The number of the benchmark that must be missed."""


CONTROLS = {
    control.name: control
    for control in (
        Control(Name.NEVER_STOPS, endpoint_ms=200, onset_ms=None, misses="barge_in_stop"),
        Control(Name.STOPS_AT_EVERYTHING, endpoint_ms=200, onset_ms=20, misses="taken_back"),
        Control(Name.FIXED_800_MS, endpoint_ms=800, onset_ms=60, misses="turn_gap"),
    )
}

LOUD_DBFS = -45.0
SPEECH_MS = 40
"""So much loud sound is a turn."""
ANSWER_MS = 3_000
STORY_MS = 20_000


def control_server(control: Control) -> MakeFar:
    """What `scripted_server` needs to play this control."""

    def make(stage: Stage) -> Listener:
        return Listener(control, stage)

    return make


class Listener:
    """One session of a control: it hears loud and quiet frames."""

    def __init__(self, control: Control, stage: Stage) -> None:
        self._control = control
        self._stage = stage
        self._loud_ms = self._quiet_ms = self._heard_ms = self._began_ms = 0
        self._in_turn = False
        self._turn = self._response = 0

    async def heard(self, samples: Pcm) -> None:
        self._heard_ms += FRAME_MS
        loud = _level_dbfs(samples) > LOUD_DBFS
        self._loud_ms = self._loud_ms + FRAME_MS if loud else 0
        self._quiet_ms = 0 if loud else self._quiet_ms + FRAME_MS
        if self._stage.playing and self._disturbed():
            await self._stage.stop(self._response, "barge_in")
        if not self._in_turn and self._loud_ms >= SPEECH_MS:
            await self._begin_turn()
        if self._in_turn and self._quiet_ms >= self._control.endpoint_ms:
            await self._end_turn()

    async def told(self, message: dict[str, Any]) -> None:
        if message["type"] == "user.text":
            await self._answer(STORY_MS)
        elif message["type"] == "interrupt" and self._stage.playing:
            await self._stage.stop(self._response, "client")

    def _disturbed(self) -> bool:
        onset_ms = self._control.onset_ms
        return onset_ms is not None and self._loud_ms >= onset_ms

    async def _begin_turn(self) -> None:
        self._in_turn = True
        self._turn += 1
        self._began_ms = self._heard_ms - self._loud_ms
        await self._stage.say("speech.started", turn=self._turn, at_ms=self._began_ms)

    async def _end_turn(self) -> None:
        self._in_turn = False
        end_ms = self._heard_ms - self._quiet_ms
        await self._stage.say("speech.stopped", turn=self._turn, at_ms=end_ms)
        if not self._stage.playing:
            text = {"text": "something loud", "start_ms": self._began_ms, "end_ms": end_ms}
            await self._stage.say("transcript.final", turn=self._turn, **text)
            await self._answer(ANSWER_MS)

    async def _answer(self, length_ms: int) -> None:
        self._response += 1
        await self._stage.say("response.started", response=self._response, turn=self._turn)
        latency = {"turn_end": self._quiet_ms, "first_audio": self._quiet_ms}
        self._stage.play(self._response, tone(length_ms), self._stage.clock.now_ns(), latency)


def _level_dbfs(samples: Pcm) -> float:
    power = float(np.mean((samples / FULL_SCALE) ** 2))
    return 10 * float(np.log10(max(power, 1e-12)))
