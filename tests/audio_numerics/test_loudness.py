from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voice_server.audio.loudness import LEVEL_DBFS, PEAK, levelled


def tone(amplitude: float, samples: int = 4_000) -> NDArray[np.float32]:
    return (amplitude * np.sin(np.arange(samples) / 7)).astype(np.float32)


@pytest.mark.parametrize("amplitude", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("silence", [0, 9_000])
def test_a_soft_and_a_loud_piece_become_equally_loud_and_pauses_do_not_count(
    amplitude: float, silence: int
) -> None:
    piece = np.concatenate((tone(amplitude), np.zeros(silence, np.float32)))
    level = np.sqrt(np.mean(levelled(piece)[:4_000] ** 2))
    assert 20 * np.log10(level) == pytest.approx(LEVEL_DBFS, abs=0.2)


def test_a_peak_is_not_cut_off_but_keeps_the_whole_softer() -> None:
    piece = tone(0.01)
    piece[1_000] = 0.8
    made = levelled(piece)
    assert made.max() == pytest.approx(PEAK)
    assert made[:900] == pytest.approx(piece[:900] * PEAK / 0.8)


def test_silence_stays_silence() -> None:
    assert levelled(np.zeros(10, np.float32)).tolist() == [0.0] * 10
    assert len(levelled(np.zeros(0, np.float32))) == 0
