from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.audio.rates import (
    SUPPORTED_INPUT_HZ,
    SUPPORTED_OUTPUT_HZ,
    frame_bytes,
    frame_samples,
    ms_to_samples,
    samples_to_ms,
)

RATES_HZ = sorted({*SUPPORTED_INPUT_HZ, *SUPPORTED_OUTPUT_HZ})


@pytest.mark.parametrize(("rate_hz", "samples"), [(8_000, 160), (16_000, 320), (22_050, 441), (48_000, 960)])
def test_a_frame_is_20_ms(rate_hz: int, samples: int) -> None:
    assert frame_samples(rate_hz) == samples
    assert frame_bytes(rate_hz) == 2 * samples


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_every_frame_is_whole_samples(rate_hz: int) -> None:
    assert frame_samples(rate_hz) * 1000 == rate_hz * 20


@given(st.sampled_from(RATES_HZ), st.integers(0, 10_000_000))
def test_whole_milliseconds_survive_the_way_there_and_back(rate_hz: int, ms: int) -> None:
    assert samples_to_ms(ms_to_samples(ms, rate_hz), rate_hz) == ms


@given(st.sampled_from(RATES_HZ), st.integers(0, 100_000_000))
def test_a_millisecond_counts_only_when_it_has_sounded(rate_hz: int, samples: int) -> None:
    ms = samples_to_ms(samples, rate_hz)
    assert ms * rate_hz <= samples * 1000 < (ms + 1) * rate_hz
