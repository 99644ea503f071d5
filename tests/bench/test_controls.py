"""The controls, each in a whole session in virtual time, and what the measures say about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from tests.bench.sessions import clip
from voice_server.bench.controls import CONTROLS, Name, control_server
from voice_server.bench.overlaps import OverlapOutcome, measure_overlap
from voice_server.bench.scripted_server import run_scripted
from voice_server.bench.statistics import NEVER
from voice_server.bench.turns import TurnOutcome, measure_turn
from voice_server.client.call import Call, Recording
from voice_server.client.memory_link import memory_links
from voice_server.client.script import BargeIn, Script, Send, UntilAnswered
from voice_server.client.track import Track
from voice_server.client.voice_client import VoiceClient

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]
SPEECH = np.full(16_000, 6_000, np.int16)
COUGH = np.full(3_200, 6_000, np.int16)
STORY = UntilAnswered(opening=(Send("user.text", (("text", "a story"),)),))


async def hold(name: Name, script: Script, track: Track) -> Recording:
    near, far = memory_links()
    call = Call(VoiceClient(near), script, track)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_scripted(far, control_server(CONTROLS[name])))
        await call.hold()
    return call.recording()


async def turn(name: Name) -> TurnOutcome:
    """A second of speech, and the answer."""
    track = Track(16_000)
    track.lay(SPEECH, 8_000)
    recording = await hold(name, UntilAnswered(), track)
    return measure_turn(recording, clip((0, 1_000)), at_ms=500)


async def overlap(name: Name, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> OverlapOutcome:
    """A sound over a story, a second after it began."""
    script = UntilAnswered(BargeIn(samples, 1_000, after_answer=True), opening=STORY.opening)
    recording = await hold(name, script, Track(16_000))
    (begin_ms,) = recording.spoken_at_ms
    return measure_overlap(recording, begin_ms, (begin_ms,))


@pytest.mark.parametrize(
    ("name", "gap_ms"), [(Name.FIXED_800_MS, 800), (Name.NEVER_STOPS, 200), (Name.STOPS_AT_EVERYTHING, 200)]
)
def test_each_answers_after_its_own_silence(name: Name, gap_ms: float, run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        outcome = await turn(name)
        assert outcome.gap_ms == gap_ms
        assert outcome.early == 0
        assert outcome.latency == {"turn_end": gap_ms, "first_audio": gap_ms}

    run_virtual(scenario())


def test_one_never_stops_when_somebody_speaks(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        outcome = await overlap(Name.NEVER_STOPS, SPEECH)
        assert (outcome.valid, outcome.verdict, outcome.stop_ms) == (True, "not stopped", NEVER)

    run_virtual(scenario())


def test_one_stops_at_everything_and_never_takes_it_back(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        outcome = await overlap(Name.STOPS_AT_EVERYTHING, COUGH)
        assert (outcome.valid, outcome.verdict, outcome.on_again_ms) == (True, "interrupted", ())
        assert 0 < outcome.stop_ms <= 40

    run_virtual(scenario())


def test_the_story_of_each_is_stopped_by_the_stop_button(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        script = UntilAnswered(idle_ms=100, opening=(*STORY.opening, Send("interrupt")))
        recording = await hold(Name.NEVER_STOPS, script, Track(16_000))
        (done,) = recording.log.received("response.done")
        assert done.message["status"] == "interrupted"
        (stop,) = recording.log.received("response.stop")
        assert stop.message["reason"] == "client"

    run_virtual(scenario())
