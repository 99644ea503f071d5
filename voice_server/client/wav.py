"""WAV files in and out: whatever people have becomes mono 16-bit at the rate that is asked for."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voice_server.audio.pcm import FULL_SCALE, Pcm, to_bytes
from voice_server.audio.resampling import resample
from voice_server.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording, ready to be played."""

    samples: Pcm
    rate_hz: int
    notes: tuple[str, ...] = ()
    """What was done to it, for people."""


def read_wav(path: Path, rate_hz: int) -> Sound:
    """Read a PCM WAV of 8, 16, 24 or 32 bits, any channels, any rate. Raises ConfigurationError."""
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            data = file.readframes(file.getnframes())
    except FileNotFoundError:
        raise ConfigurationError(f"there is no file {path}") from None
    except (wave.Error, EOFError, OSError) as error:
        why = str(error) or "it is cut short"
        raise ConfigurationError(f"{path} cannot be read as a PCM WAV: {why}") from error
    if not data or not rate:
        raise ConfigurationError(f"{path} has no sound in it")
    return _fitted(_unpacked(data, width), channels, rate, rate_hz)


def write_wav(path: Path, samples: Pcm, rate_hz: int) -> None:
    """Write mono 16-bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(to_bytes(samples))


def _unpacked(data: bytes, width: int) -> NDArray[np.int32]:
    """Interleaved samples of any width, widened to 32 bits; shape (n,)."""
    data = data[: len(data) // width * width]
    if width == 1:  # the one unsigned format
        return (np.frombuffer(data, np.uint8).astype(np.int32) - 128) << 24
    padded = np.zeros((len(data) // width, 4), np.uint8)
    padded[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
    return padded.view("<i4").reshape(-1).astype(np.int32)


def _fitted(samples: NDArray[np.int32], channels: int, rate: int, rate_hz: int) -> Sound:
    """Mono at `rate_hz`. A recording that fits already comes out sample by sample as it was."""
    notes: list[str] = []
    if channels > 1:
        frames = samples[: len(samples) // channels * channels].reshape(-1, channels)
        samples = np.rint(frames.mean(axis=1)).astype(np.int32)
        notes.append(f"{channels} channels mixed down to one")
    pcm = _narrowed(samples)
    if rate != rate_hz:
        pcm = resample(pcm, rate, rate_hz)
        notes.append(f"{rate} Hz resampled to {rate_hz} Hz")
    return Sound(pcm, rate_hz, tuple(notes))


def _narrowed(samples: NDArray[np.int32]) -> Pcm:
    rounded = (samples.astype(np.int64) + (1 << 15)) >> 16
    narrowed: Pcm = np.minimum(rounded, FULL_SCALE - 1).astype(np.int16)
    return narrowed
