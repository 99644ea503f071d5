from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from voice_server.client.wav import read_wav, write_wav
from voice_server.errors import ConfigurationError


def write(path: Path, data: bytes, *, channels: int = 1, width: int = 2, rate_hz: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(data)
    return path


def test_a_fitting_file_comes_through_sample_by_sample(tmp_path: Path) -> None:
    samples = np.array([0, 1, -1, 32_767, -32_768, 1234], np.int16)
    write_wav(tmp_path / "a.wav", samples, 16_000)
    sound = read_wav(tmp_path / "a.wav", 16_000)
    assert sound.samples.tolist() == samples.tolist()
    assert sound.notes == ()


def test_stereo_is_mixed_down_and_says_so(tmp_path: Path) -> None:
    interleaved = np.array([100, 300, -100, -300], "<i2").tobytes()
    sound = read_wav(write(tmp_path / "a.wav", interleaved, channels=2), 16_000)
    assert sound.samples.tolist() == [200, -200]
    assert sound.notes == ("2 channels mixed down to one",)


@pytest.mark.parametrize(
    ("width", "data"),
    [
        (1, bytes([128, 129, 0, 255])),
        (3, b"\x00\x00\x00\x00\x00\x01\x00\x00\x80\x00\x00\x7f"),
        (4, np.array([0, 1 << 24, -(1 << 31), 127 << 24], "<i4").tobytes()),
    ],
    ids=["8 bits", "24 bits", "32 bits"],
)
def test_other_widths_become_16_bits(tmp_path: Path, width: int, data: bytes) -> None:
    sound = read_wav(write(tmp_path / "a.wav", data, width=width), 16_000)
    assert sound.samples.tolist() == [0, 256, -32_768, 32_512]


def test_another_rate_is_resampled_without_changing_length_or_level(tmp_path: Path) -> None:
    tone = (10_000 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)).astype("<i2")
    sound = read_wav(write(tmp_path / "a.wav", tone.tobytes(), rate_hz=44_100), 16_000)
    assert abs(len(sound.samples) - 16_000) <= 1
    assert abs(int(np.abs(sound.samples[2_000:-2_000]).max()) - 10_000) < 50
    assert sound.notes == ("44100 Hz resampled to 16000 Hz",)


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello, I am no sound")
    write(tmp_path / "empty.wav", b"")
    with pytest.raises(ConfigurationError, match=r"there is no file .*missing\.wav"):
        read_wav(tmp_path / "missing.wav", 16_000)
    with pytest.raises(ConfigurationError, match="cannot be read as a PCM WAV"):
        read_wav(tmp_path / "text.wav", 16_000)
    with pytest.raises(ConfigurationError, match="has no sound in it"):
        read_wav(tmp_path / "empty.wav", 16_000)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_wav(tmp_path, 16_000)
