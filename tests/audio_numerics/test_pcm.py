from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.audio.pcm import first_audible, from_bytes, from_float, to_bytes, to_float


@given(st.binary().filter(lambda data: len(data) % 2 == 0))
def test_bytes_to_samples_and_back(data: bytes) -> None:
    assert to_bytes(from_bytes(data)) == data


def test_samples_are_little_endian() -> None:
    assert from_bytes(b"\x01\x00\x00\x80").tolist() == [1, -32_768]


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes are not a whole number of 16-bit samples"):
        from_bytes(b"abc")


def test_floats_are_within_one_and_return_within_a_step() -> None:
    every = np.arange(-32_768, 32_768).astype(np.int16)
    floats = to_float(every)
    assert floats.min() == -1
    assert floats.max() < 1
    assert np.abs(from_float(floats).astype(np.int32) - every).max() <= 1


def test_floats_beyond_full_scale_are_clipped() -> None:
    assert from_float(np.array([2.0, -2.0], np.float32)).tolist() == [32_767, -32_768]


def test_the_first_audible_sample_is_above_the_threshold() -> None:
    samples = np.array([0, 300, -328, 9_000], np.int16)
    assert first_audible(samples) == 2
    assert first_audible(samples, threshold_dbfs=-20) == 3
    assert first_audible(np.zeros(5, np.int16)) is None
    assert first_audible(np.zeros(0, np.int16)) is None
