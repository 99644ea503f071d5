"""Run trials against a server, each in a session of its own, and measure what came of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from voice_server.audio.rates import INPUT_HZ, ms_to_samples
from voice_server.bench.answers import answers
from voice_server.bench.clips import Clip
from voice_server.bench.faults import Faults, count_faults
from voice_server.bench.levels import loud_spans
from voice_server.bench.overlaps import OverlapOutcome, measure_overlap
from voice_server.bench.pauses import PausesOutcome, measure_pauses
from voice_server.bench.scripts import HearAnswer, TalkOver
from voice_server.bench.transcripts import TranscriptOutcome, measure_transcripts
from voice_server.bench.trials import Suite, Trial
from voice_server.bench.turns import TurnOutcome, measure_turn
from voice_server.client.call import Call, Recording
from voice_server.client.keepsakes import write_recording
from voice_server.client.script import BargeIn, Script
from voice_server.client.track import Track
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import LinkError

LEAD_IN_MS = 300
"""Quiet before the speech of a turn."""
PAUSE_MS = 200
DISTURBED_MS = 150.0
"""A frame of ours that left later than this: the machine stood still, ours and the server's part of it."""
MAX_REPEATS = 2
STORY_CONFIG = {
    "instructions": "You are a storyteller. Tell long stories of many sentences, and do not stop early.",
    "llm": {"max_tokens": 400},
}

Connect = Callable[[], AbstractAsyncContextManager[VoiceClient]]
"""A new connection to the server that is measured."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one trial. Of the outcomes, those are there that its suite is about."""

    suite: Suite
    clip: str
    number: int
    error: str | None = None
    """Why there is no outcome at all: the server was lost or refused."""
    turn: TurnOutcome | None = None
    transcript: TranscriptOutcome | None = None
    overlap: OverlapOutcome | None = None
    pauses: PausesOutcome | None = None
    faults: Faults | None = None
    underrun_ms: float = 0.0
    """Holes within the answers, because their audio came too late."""
    late_ms: float = 0.0
    """The latest frame of our own microphone."""
    repeats: int = 0
    """How often it was tried before, in vain, because the machine stood still."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How trials are run."""

    connect: Connect
    config: Mapping[str, Any] = field(default_factory=dict)
    keep: Path | None = None
    """Where to write every session's sound and messages; None: nowhere."""


async def run_trials(
    setting: Setting, trials: Iterable[Trial], tell: Callable[[Result], None]
) -> list[Result]:
    """One after the other. `tell` is called after each."""
    results: list[Result] = []
    for trial in trials:
        results.append(await undisturbed(partial(run_trial, setting, trial)))
        tell(results[-1])
    return results


async def undisturbed(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Try again, at most twice, when a frame of ours left so late that it says nothing about the server."""
    for repeats in range(MAX_REPEATS + 1):
        result = replace(await attempt(), repeats=repeats)
        if result.late_ms <= DISTURBED_MS:
            break
    return result


async def run_trial(setting: Setting, trial: Trial) -> Result:
    """One session. A server that fails is a result, not an error."""
    result = Result(trial.suite, trial.clip.name, trial.number)
    try:
        async with setting.connect() as client:
            call = _call(client, trial, setting.config)
            try:
                await call.hold()
            finally:
                _keep(setting.keep, trial, call.recording())
    except LinkError as error:
        return Result(trial.suite, trial.clip.name, trial.number, error=str(error))
    return measured(result, trial.clip, call.recording())


def measured(result: Result, clip: Clip, recording: Recording) -> Result:
    """The result, with what its suite is about."""
    speaker = recording.loudspeaker
    found: dict[str, Any] = {"faults": count_faults(recording.log)}
    found["underrun_ms"] = speaker.underrun_samples * 1000 / speaker.rate_hz
    found["late_ms"] = max(recording.lateness_ms, default=0.0)
    if result.suite in (Suite.TURNS, Suite.LONG):
        found["turn"] = measure_turn(recording, clip, LEAD_IN_MS)
        found["transcript"] = measure_transcripts(recording, clip, LEAD_IN_MS)
        if result.suite is Suite.LONG:
            found["pauses"] = _pauses(recording, clip)
    elif recording.spoken_at_ms:
        found["overlap"] = _overlap(result.suite, recording, clip)
    else:
        found["overlap"] = OverlapOutcome(valid=False)
    return Result(result.suite, result.clip, result.number, **found)


def _call(client: VoiceClient, trial: Trial, config: Mapping[str, Any]) -> Call:
    track = Track(INPUT_HZ)
    clip = trial.clip
    if trial.suite in (Suite.TURNS, Suite.LONG):
        track.lay(clip.samples, ms_to_samples(LEAD_IN_MS, INPUT_HZ))
        script: Script = HearAnswer(LEAD_IN_MS + min(clip.end_ms, clip.energy_end_ms))
        return Call(client, script, track, config)
    script = TalkOver(BargeIn(clip.samples, _after_ms(trial.number), after_answer=True))
    return Call(client, script, track, {**STORY_CONFIG, **config})


def _after_ms(number: int) -> float:
    """How long after the story began; each trial somewhere else, so that words are cut everywhere."""
    return 900.0 + 170.0 * number % 700.0


def _overlap(suite: Suite, recording: Recording, clip: Clip) -> OverlapOutcome:
    begin_ms = recording.spoken_at_ms[0]
    spans = loud_spans(clip.samples, INPUT_HZ) if suite is Suite.NOISE else clip.speech_ms[:1]
    return measure_overlap(recording, begin_ms, tuple(begin_ms + begin for begin, _end in spans))


def _pauses(recording: Recording, clip: Clip) -> PausesOutcome:
    pauses = [(LEAD_IN_MS + begin, LEAD_IN_MS + end) for begin, end in clip.pauses_ms(PAUSE_MS)]
    audible = [answer.audible_ms for answer in answers(recording)]
    return measure_pauses(audible, pauses, LEAD_IN_MS + min(clip.end_ms, clip.energy_end_ms))


def _keep(directory: Path | None, trial: Trial, recording: Recording) -> None:
    if directory:
        name = f"{trial.suite}-{trial.number:02}-{trial.clip.name.replace('/', '_')}"
        write_recording(recording, directory, name)
