"""The server that speaks is lost: its client hears the rest of the sentence from the other one."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

from voice_server.adapters.stt_whisper import WhisperTranscriber
from voice_server.audio.rates import INPUT_HZ
from voice_server.bench.cluster import Cluster
from voice_server.bench.resume import GREETING, Trial, run_cycle
from voice_server.bench.words import word_errors
from voice_server.client.call import Recording
from voice_server.runtime.inference import ThreadWorkers

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

CYCLES = 5
MISHEARD = 0.1
"""What Whisper makes of the voice also when nobody is killed; a repeated or missing clause is more."""

Hear = Callable[[Recording], Awaitable[str]]


@pytest.fixture
def hear(models_dir: Path, workers: ThreadWorkers) -> Hear:
    """What somebody at the loudspeaker understood; the silence while nobody was there is left out."""
    whisper = WhisperTranscriber(models_dir / "whisper-tiny.en", workers)

    async def understood(recording: Recording) -> str:
        said = np.concatenate([segment.samples for segment in recording.loudspeaker.segments])
        sound = said.astype("float32") / 32_768
        heard = soxr.resample(sound, recording.loudspeaker.rate_hz, INPUT_HZ) * 32_767
        found = await whisper.transcribe(heard.astype("int16"), deadline_ms=0, language="en", final=True)
        return found.text

    return understood


def lost_nothing(trial: Trial) -> None:
    """Nothing lost, nothing twice, all of it said."""
    cycle = trial.cycle
    assert cycle.error is None
    assert (cycle.lost_messages, cycle.doubled_messages) == (0, 0)
    assert (cycle.lost_ms, cycle.doubled_ms) == (0, 0)
    assert cycle.text_kept, trial.recording.log.received("response.done")


async def test_each_time_the_rest_is_heard_from_the_other_server(whole: Cluster, hear: Hear) -> None:
    killed = []
    for _ in range(CYCLES):
        trial = await run_cycle(whole)
        lost_nothing(trial)
        assert trial.killed
        killed.append(trial.killed.port)
        understood = await hear(trial.recording)
        errors, words = word_errors(GREETING, understood)
        assert errors <= MISHEARD * words, understood
        await trial.killed.start()
    assert len(killed) == CYCLES


async def test_a_server_that_hangs_is_left_and_when_it_wakes_up_it_has_lost_the_session(
    whole: Cluster, hear: Hear
) -> None:
    """SIGSTOP: its connections stay open, and nothing comes over them."""

    async def hang(house: Cluster) -> None:
        holder = await house.holder()
        assert holder.pid
        os.kill(holder.pid, signal.SIGSTOP)

    try:
        trial = await run_cycle(whole, hang)
    finally:
        for member in whole.members:
            if member.pid:
                os.kill(member.pid, signal.SIGCONT)
    lost_nothing(trial)
    understood = await hear(trial.recording)
    errors, words = word_errors(GREETING, understood)
    assert errors <= MISHEARD * words, understood
