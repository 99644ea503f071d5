from __future__ import annotations

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.trim import audible_span, trimmed_span

RATE_HZ = 16_000


def sound_between(before: int, sound: int, after: int) -> Pcm:
    """`sound` loud samples in a bed of noise at -54 dBFS."""
    bed = np.where(np.arange(before + sound + after) % 2, 64, -64).astype(np.int16)
    bed[before : before + sound] = 8_000
    return bed


def test_the_span_is_the_sound_and_not_the_noise_around_it() -> None:
    assert audible_span(sound_between(500, 100, 900)) == (500, 600)


def test_negative_full_scale_is_audible() -> None:
    assert audible_span(np.array([0, -32_768, 0], np.int16)) == (1, 2)


def test_a_lead_in_and_the_pause_are_kept() -> None:
    assert trimmed_span(sound_between(500, 100, 9_000), RATE_HZ, pause_ms=120) == (340, 600 + 1_920)


def test_nothing_is_added_where_the_silence_is_shorter() -> None:
    assert trimmed_span(sound_between(50, 100, 30), RATE_HZ, pause_ms=120) == (0, 180)


def test_silence_has_no_span() -> None:
    assert audible_span(np.zeros(0, np.int16)) == (0, 0)
    assert trimmed_span(np.zeros(4_000, np.int16), RATE_HZ, pause_ms=120) == (0, 0)
