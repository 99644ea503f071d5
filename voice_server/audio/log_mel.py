"""Whisper's log-mel spectrogram: what Whisper and Smart Turn see of the sound.

The constants and the scaling are those of openai/whisper `audio.py`; the filters are Slaney's, as librosa
builds them (`librosa.filters.mel`). Each filter sees a short run of bins, and is applied as a sum over it. A
matrix product would do the same, but it wakes the BLAS library's own threads; where those must share the
cores with the models it took 16 ms, and now and then 190, instead of 1 for 8 s of sound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voice_server.audio.rates import INPUT_HZ

FloatArray = NDArray[np.float32]

WINDOW_SAMPLES = 400
"""25 ms: one spectrum."""
HOP_SAMPLES = 160
"""10 ms: one column of features."""
POWER_FLOOR = 1e-10
DYNAMIC_RANGE_LOG10 = 8.0

LINEAR_MEL_HZ = 200 / 3
"""Slaney's scale is linear, with so many hertz to a mel, up to `LOG_FROM_HZ`, and logarithmic above."""
LOG_FROM_HZ = 1000.0
LOG_STEP = np.log(6.4) / 27


class LogMel:
    """Turns samples into features. Stateless after construction: calls may overlap."""

    def __init__(self, mel_bins: int = 80) -> None:
        filters = mel_filters(mel_bins)
        bands, self._bins = np.nonzero(filters)
        self._weights = filters[bands, self._bins]
        self._starts = np.searchsorted(bands, np.arange(mel_bins))
        self._window = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Samples at 16 kHz in [-1, 1), shape (n,), n ≥ 201 → features, shape (mel_bins, n // 160)."""
        padded = np.pad(samples, WINDOW_SAMPLES // 2, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
        columns = len(samples) // HOP_SAMPLES
        spectra = np.fft.rfft(windows[:columns] * self._window, axis=-1)
        mel = self._reduce(np.square(spectra.real) + np.square(spectra.imag))
        log = np.log10(np.maximum(mel, POWER_FLOOR))
        floored: FloatArray = np.maximum(log, log.max() - DYNAMIC_RANGE_LOG10)
        return np.ascontiguousarray((floored.T + 4) / 4, dtype=np.float32)

    def _reduce(self, power: FloatArray) -> FloatArray:
        """Power spectra, shape (columns, 201) → mel bands, shape (columns, mel_bins)."""
        bands: FloatArray = np.add.reduceat(power[:, self._bins] * self._weights, self._starts, axis=1)
        return bands


def mel_filters(mel_bins: int) -> FloatArray:
    """Triangles of equal area, evenly spaced in mel from 0 Hz to 8 kHz; shape (mel_bins, 201)."""
    edges_hz = _hz_from_mel(np.linspace(0, _mel_from_hz(INPUT_HZ / 2), mel_bins + 2))
    bins_hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / INPUT_HZ)
    slopes = (bins_hz[None, :] - edges_hz[:-1, None]) / np.diff(edges_hz)[:, None]
    triangles = np.maximum(0, np.minimum(slopes[:-1], 1 - slopes[1:]))
    areas = 2 / (edges_hz[2:] - edges_hz[:-2])
    return np.asarray(triangles * areas[:, None], dtype=np.float32)


def _mel_from_hz(hz: float) -> float:
    return LOG_FROM_HZ / LINEAR_MEL_HZ + float(np.log(hz / LOG_FROM_HZ) / LOG_STEP)


def _hz_from_mel(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    log_from_mel = LOG_FROM_HZ / LINEAR_MEL_HZ
    above = LOG_FROM_HZ * np.exp(LOG_STEP * (mel - log_from_mel))
    return np.where(mel < log_from_mel, mel * LINEAR_MEL_HZ, above)
