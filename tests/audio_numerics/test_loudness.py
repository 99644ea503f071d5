from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voice_server.audio.loudness import KNEE, LEVEL_DBFS, PEAK, levelling_gain, limited


def tone(amplitude: float, samples: int = 4_000) -> NDArray[np.float32]:
    return (amplitude * np.sin(np.arange(samples) / 7)).astype(np.float32)


@pytest.mark.parametrize("amplitude", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("silence", [0, 9_000])
def test_a_soft_and_a_loud_piece_become_equally_loud_and_pauses_do_not_count(
    amplitude: float, silence: int
) -> None:
    piece = np.concatenate((tone(amplitude), np.zeros(silence, np.float32)))
    level = np.sqrt(np.mean((levelling_gain(piece) * piece)[:4_000] ** 2))
    assert 20 * np.log10(level) == pytest.approx(LEVEL_DBFS, abs=0.2)


def test_peaks_are_bent_and_what_is_softer_stays_as_it_is() -> None:
    piece = np.linspace(-3, 3, 601, dtype=np.float32)
    made = limited(piece)
    soft = np.abs(piece) <= KNEE
    assert np.array_equal(made[soft], piece[soft])
    assert np.all(np.diff(made) >= 0)
    assert np.abs(made).max() <= PEAK + 1e-6


def test_silence_has_no_level_to_change() -> None:
    assert levelling_gain(np.zeros(10, np.float32)) == 1
    assert levelling_gain(np.zeros(0, np.float32)) == 1
