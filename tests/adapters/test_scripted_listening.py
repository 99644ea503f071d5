"""The scripted ears follow their rules. That they are ears at all, the contracts say."""

from __future__ import annotations

import numpy as np
import pytest

from voice_server.adapters.scripted_listening import (
    Request,
    ScriptedTranscriber,
    ScriptedTurnDetector,
    ScriptedVoiceDetector,
    in_turn,
    said,
)
from voice_server.audio.pcm import Pcm
from voice_server.errors import ModelError
from voice_server.ports import Hypothesis

FRAME = np.zeros(320, np.int16)
SECOND = np.full(16_000, 5_000, np.int16)


async def test_probabilities_in_turn_and_the_last_for_ever() -> None:
    stream = ScriptedVoiceDetector(in_turn([0.1, 0.9, 0.4])).open()
    assert [await stream.push(FRAME) for _ in range(4)] == [0.1, 0.9, 0.4, 0.4]


async def test_a_skipped_frame_counts() -> None:
    stream = ScriptedVoiceDetector(in_turn([0.1, 0.9])).open()
    stream.skip(FRAME)
    assert await stream.push(FRAME) == 0.9


async def test_each_stream_has_its_own_turn() -> None:
    detector = ScriptedVoiceDetector(in_turn([0.1, 0.9]))
    first, second = detector.open(), detector.open()
    await first.push(FRAME)
    assert (await first.push(FRAME), await second.push(FRAME)) == (0.9, 0.1)


async def test_hypotheses_in_turn_and_the_requests_are_kept() -> None:
    transcriber = ScriptedTranscriber(in_turn([said("Turn"), said("Turn it off.")]))
    partial = await transcriber.transcribe(SECOND[:8_000], deadline_ms=5, language="en", final=False)
    final = await transcriber.transcribe(SECOND, deadline_ms=9, language="de", final=True)
    assert (partial.text, final.text) == ("Turn", "Turn it off.")
    assert transcriber.requests == [Request(8_000, 5, "en", False), Request(16_000, 9, "de", True)]


async def test_a_rule_may_fail() -> None:
    def fail(call: int, samples: Pcm) -> Hypothesis:
        raise ModelError(f"call {call}")

    with pytest.raises(ModelError, match="call 0"):
        await ScriptedTranscriber(fail).transcribe(SECOND, deadline_ms=0, language="en", final=True)


async def test_a_turn_ends_with_a_quiet_moment() -> None:
    detector = ScriptedTurnDetector()
    pause = np.zeros(1_600, np.int16)
    assert await detector.end_of_turn(SECOND, deadline_ms=0) < 0.5
    assert await detector.end_of_turn(np.concatenate([SECOND, pause]), deadline_ms=0) > 0.5
