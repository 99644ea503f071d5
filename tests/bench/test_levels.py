from __future__ import annotations

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.bench.levels import loud_spans


def sound(*parts: tuple[int, int]) -> Pcm:
    """Parts of (milliseconds, amplitude) at 16 kHz."""
    return np.concatenate([np.full(ms * 16, level, np.int16) for ms, level in parts])


def test_finds_where_it_is_loud_and_closes_short_gaps() -> None:
    samples = sound((300, 0), (100, 9_000), (150, 0), (100, 9_000), (250, 0), (50, 5_000), (100, 0))
    assert loud_spans(samples, 16_000) == [(300.0, 650.0), (900.0, 950.0)]


def test_what_is_far_under_the_loudest_part_is_not_loud() -> None:
    assert loud_spans(sound((500, 200), (100, 20_000), (500, 200)), 16_000) == [(500.0, 600.0)]


def test_silence_is_nowhere_loud() -> None:
    assert loud_spans(sound((500, 0)), 16_000) == []
    assert loud_spans(sound((500, 20)), 16_000) == []
    assert loud_spans(np.zeros(3, np.int16), 16_000) == []
