"""The last half minute of sound, addressed by the input clock."""

from __future__ import annotations

import numpy as np
import pytest

from voice_server.runtime.input_buffer import CAPACITY_MS, InputBuffer


def _filled(frames: int) -> InputBuffer:
    """Every sample holds its own millisecond."""
    buffer = InputBuffer()
    for i in range(frames):
        buffer.append((np.arange(320) // 16 + 20 * i).astype(np.int16))
    return buffer


@pytest.mark.parametrize(
    ("start_ms", "end_ms"), [(0, 20), (0, 200), (20, 40), (35, 38), (13, 187), (199, 200)]
)
def test_a_span_is_exact_to_the_millisecond(start_ms: int, end_ms: int) -> None:
    sound = _filled(10).span(start_ms, end_ms)
    assert sound.tolist() == np.repeat(np.arange(start_ms, end_ms), 16).tolist()


def test_a_span_is_cut_to_what_is_there() -> None:
    buffer = _filled(10)
    assert len(buffer.span(150, 400)) == 50 * 16
    assert len(buffer.span(200, 400)) == 0
    assert len(buffer.span(100, 100)) == 0


def test_the_oldest_falls_out() -> None:
    buffer = _filled(CAPACITY_MS // 20 + 5)
    assert buffer.end_ms == CAPACITY_MS + 100
    sound = buffer.span(0, buffer.end_ms)
    assert len(sound) == CAPACITY_MS * 16
    assert sound[0] == 100
