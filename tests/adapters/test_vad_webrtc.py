"""The gate, on every utterance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from voice_server.adapters.vad_webrtc import WebrtcGate
from voice_server.audio.pcm import Pcm
from voice_server.errors import ConfigurationError

Recordings = Callable[..., list[dict[str, Any]]]
QUIET_MS = 1_000


async def _opened_ms(gate: WebrtcGate, samples: Pcm) -> list[int]:
    """The ends of the frames that pass the gate, after a second of near silence before the samples."""
    quiet = np.random.default_rng(0).normal(0, 3, QUIET_MS * 16).astype(np.int16)
    samples = np.concatenate([quiet, samples])
    stream = gate.open()
    starts = range(0, len(samples) - 319, 320)
    return [(i + 320) // 16 - QUIET_MS for i in starts if await stream.push(samples[i : i + 320])]


async def test_it_opens_in_time_for_every_utterance(
    recordings: Recordings, sound: Callable[[str], Pcm]
) -> None:
    late = {}
    for row in recordings("speech"):
        opened = await _opened_ms(WebrtcGate(), sound(row["path"]))
        onset_ms = 1000 * row["speech_start_s"]
        late[row["path"]] = min((ms - onset_ms for ms in opened if ms > onset_ms - 100), default=np.inf)
    assert {path: ms for path, ms in late.items() if ms > 120} == {}


async def test_near_silence_keeps_it_shut() -> None:
    assert await _opened_ms(WebrtcGate(), np.zeros(320, np.int16)) == []


async def test_a_lower_aggressiveness_lets_more_through(
    recordings: Recordings, sound: Callable[[str], Pcm]
) -> None:
    noises = [sound(row["path"]) for row in recordings("noise")]
    passed = [sum([len(await _opened_ms(WebrtcGate(level), noise)) for noise in noises]) for level in (0, 3)]
    assert passed[0] > passed[1] > 0


@pytest.mark.parametrize("aggressiveness", [-1, 4])
def test_there_are_four_levels(aggressiveness: int) -> None:
    with pytest.raises(ConfigurationError, match="0 to 3"):
        WebrtcGate(aggressiveness)
