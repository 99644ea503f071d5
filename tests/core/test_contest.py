"""What becomes of a sound over the assistant's voice."""

from __future__ import annotations

import pytest

from voice_server.core.contest import Sound, Verdict, verdict
from voice_server.core.policy import Policy

POLICY = Policy(noise_ms=400, backchannel_ms=500)


@pytest.mark.parametrize(
    ("speech_ms", "text", "complete", "expected"),
    [
        (5_000, None, False, Verdict.WAIT),
        (300, "", False, Verdict.WAIT),
        (399, "", False, Verdict.WAIT),
        (400, "", False, Verdict.TAKE_BACK),
        (100, "", True, Verdict.TAKE_BACK),
        (100, "B-B-B", True, Verdict.TAKE_BACK),
        (499, "mm-hmm", False, Verdict.WAIT),
        (500, "mm-hmm", False, Verdict.TAKE_BACK),
        (200, "Yeah, okay.", True, Verdict.TAKE_BACK),
        (200, "Yeah, but", False, Verdict.CONFIRM),
        (200, "yeah yeah yeah yeah", False, Verdict.CONFIRM),
        (100, "stop", False, Verdict.CONFIRM),
        (100, "okay wait", False, Verdict.CONFIRM),
        (300, "what about", False, Verdict.CONFIRM),
        (300, "What about Lisbon?", True, Verdict.CONFIRM),
    ],
)
def test_verdict(speech_ms: int, text: str | None, complete: bool, expected: Verdict) -> None:
    assert verdict(Sound(speech_ms, text, complete), POLICY) is expected


@pytest.mark.parametrize(
    ("text", "complete", "expected"),
    [
        ("BAKES YOU!", False, Verdict.WAIT),
        ("BAKES YOU!", True, Verdict.TAKE_BACK),
        ("Stop!", False, Verdict.CONFIRM),
        ("Stop!", True, Verdict.CONFIRM),
        ("", False, Verdict.TAKE_BACK),
    ],
)
def test_words_that_the_transcriber_doubts_do_not_take_the_floor_at_once(
    text: str, complete: bool, expected: Verdict
) -> None:
    assert verdict(Sound(900, text, complete, doubted=True), POLICY) is expected
