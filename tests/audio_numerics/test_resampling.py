from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voice_server.audio.pcm import FULL_SCALE, Pcm
from voice_server.audio.rates import INPUT_HZ, SUPPORTED_INPUT_HZ, SUPPORTED_OUTPUT_HZ
from voice_server.audio.resampling import Resampler, resample

PAIRS = [(hz, INPUT_HZ) for hz in SUPPORTED_INPUT_HZ] + [(22_050, hz) for hz in SUPPORTED_OUTPUT_HZ]
PLATEAU = slice(400, -400)
"""Without the edges, where the filter sees the silence outside."""


def tone(hz: float, rate_hz: int, samples: int, amplitude: float = 10_000) -> Pcm:
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(samples) / rate_hz)
    return np.rint(wave).astype(np.int16)


def level_db(samples: NDArray[np.float64] | Pcm) -> float:
    """Of the samples, relative to full scale; silence is -120."""
    return 20 * math.log10(max(1e-6, float(np.std(samples.astype(np.float64))) / FULL_SCALE))


def streamed(samples: Pcm, from_hz: int, to_hz: int, chunk: int) -> Pcm:
    resampler = Resampler(from_hz, to_hz)
    pieces = [resampler.push(samples[start : start + chunk]) for start in range(0, len(samples), chunk)]
    return np.concatenate([*pieces, resampler.flush()])


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_tone_stays_the_same_tone_in_the_same_place(from_hz: int, to_hz: int) -> None:
    was, expected = tone(1_000, from_hz, from_hz // 2), tone(1_000, to_hz, to_hz // 2)
    for made in (streamed(was, from_hz, to_hz, from_hz // 50), resample(was, from_hz, to_hz)):
        error = made.astype(np.float64)[PLATEAU] - expected[PLATEAU]
        assert level_db(error) < level_db(expected) - 75


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@given(chunks=st.lists(st.integers(0, 2_000), max_size=8))
def test_the_length_is_exact_and_the_chunks_make_no_difference(
    from_hz: int, to_hz: int, chunks: list[int]
) -> None:
    samples = tone(440, from_hz, sum(chunks))
    resampler, pieces, start = Resampler(from_hz, to_hz), [], 0
    for size in chunks:
        pieces.append(resampler.push(samples[start : start + size]))
        start += size
    made = np.concatenate([*pieces, resampler.flush()])
    assert len(made) == math.ceil(len(samples) * to_hz / from_hz)
    assert np.array_equal(made, streamed(samples, from_hz, to_hz, max(1, len(samples))))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@pytest.mark.parametrize("seconds", [0.013, 0.4, 1.0])
def test_a_whole_piece_has_the_length_of_the_ratio_within_a_sample(
    from_hz: int, to_hz: int, seconds: float
) -> None:
    samples = tone(440, from_hz, round(from_hz * seconds))
    assert abs(len(resample(samples, from_hz, to_hz)) - len(samples) * to_hz / from_hz) <= 1


def test_nothing_resampled_is_nothing() -> None:
    assert len(resample(np.zeros(0, np.int16), 22_050, 48_000)) == 0
    assert len(Resampler(48_000, 16_000).flush()) == 0


@pytest.mark.parametrize("hz", [9_000, 12_000, 20_000])
def test_what_the_lower_rate_cannot_carry_does_not_fold_back(hz: int) -> None:
    made = streamed(tone(hz, 48_000, 24_000), 48_000, 16_000, 960)
    assert level_db(made[PLATEAU]) < -80


def test_a_stream_of_frames_is_at_most_four_milliseconds_late() -> None:
    for rate_hz in SUPPORTED_INPUT_HZ:
        resampler = Resampler(rate_hz, INPUT_HZ)
        made = [len(resampler.push(np.zeros(rate_hz // 50, np.int16))) for _ in range(10)]
        assert made[0] >= INPUT_HZ * 16 // 1000
        assert made[1:] == [INPUT_HZ // 50] * 9


def test_loud_noise_is_clipped_and_does_not_wrap() -> None:
    square = np.where(np.arange(4_800) // 24 % 2, 32_767, -32_768).astype(np.int16)
    made = streamed(square, 48_000, 16_000, 960).astype(np.int32)[PLATEAU]
    assert np.abs(np.diff(made)).max() > 40_000, "the edges are there"
    highs = streamed(np.abs(square.astype(np.int32)).clip(0, 32_767).astype(np.int16), 48_000, 16_000, 960)
    assert (highs[PLATEAU] > 32_000).all()


def test_streams_share_no_state_and_one_may_begin_again() -> None:
    samples = tone(700, 48_000, 4_800)
    alone = streamed(samples, 48_000, 16_000, 960)
    one, other = Resampler(48_000, 16_000), Resampler(48_000, 16_000)
    other.push(tone(90, 48_000, 480))
    assert np.array_equal(np.concatenate([one.push(samples), one.flush()]), alone)
    assert np.array_equal(np.concatenate([one.push(samples), one.flush()]), alone)
