"""Whisper's features, against an implementation that Whisper's users rely on."""

from __future__ import annotations

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given
from hypothesis import strategies as st

from voice_server.audio.log_mel import LogMel, mel_filters


@pytest.mark.parametrize("mel_bins", [80, 128])
def test_filters_are_those_of_whisper(mel_bins: int) -> None:
    expected = FeatureExtractor(feature_size=mel_bins).mel_filters
    np.testing.assert_allclose(mel_filters(mel_bins), expected, atol=1e-8)


@pytest.mark.parametrize("samples", [1_600, 16_000, 160_001])
def test_features_are_those_of_whisper(samples: int) -> None:
    noise = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    np.testing.assert_allclose(LogMel()(noise), FeatureExtractor()(noise, padding=0), atol=1e-5)


def test_a_tone_is_brightest_in_its_own_band() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000).astype(np.float32)
    band_hz = np.argmax(mel_filters(80), axis=1) * 40
    brightest = LogMel()(tone)[:, 50].argmax()
    assert abs(band_hz[brightest] - 1_000) <= 40


@given(st.integers(min_value=201, max_value=5_000))
def test_a_column_for_each_whole_hop(samples: int) -> None:
    features = LogMel()(np.zeros(samples, np.float32))
    assert features.shape == (80, samples // 160)
    assert features.dtype == np.float32


def test_silence_is_flat() -> None:
    features = LogMel()(np.zeros(16_000, np.float32))
    assert np.ptp(features) == 0
