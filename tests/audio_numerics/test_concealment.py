"""Lost sound is made up from the voice before it, and fades."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from voice_server.audio.concealment import SILENT_MS, Concealer
from voice_server.audio.pcm import Pcm

RATE_HZ = 48_000
FRAME = 960


def tone(hz: float, frames: int) -> Pcm:
    at = np.arange(frames * FRAME) / RATE_HZ
    return (8_000 * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def rms(samples: Pcm) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("hz", [70, 120, 200, 350])
def test_a_voice_goes_on_as_it_was(hz: float) -> None:
    """The first 10 ms are what the tone would have been, whatever its pitch."""
    concealer, whole = Concealer(RATE_HZ), tone(hz, 10)
    concealer.hear(whole[: 9 * FRAME])
    made_up, really = concealer.fill(FRAME)[:480], whole[9 * FRAME : 9 * FRAME + 480]
    assert rms(made_up - really) < 0.15 * rms(really)


def test_it_fades_to_silence() -> None:
    concealer = Concealer(RATE_HZ)
    concealer.hear(tone(150, 10))
    frames = [rms(concealer.fill(FRAME)) for _ in range(4)]
    assert frames[0] > frames[1] > frames[2] > 0
    assert frames[3] == 0
    assert SILENT_MS == 60


def test_the_seam_back_to_the_real_voice_makes_no_click() -> None:
    concealer, whole = Concealer(RATE_HZ), tone(150, 12)
    before = concealer.hear(whole[: 10 * FRAME])
    lost = concealer.fill(FRAME)
    after = concealer.hear(whole[11 * FRAME :])
    steps = np.abs(np.diff(np.concatenate((before, lost, after)).astype(np.int32)))
    steepest = int(np.abs(np.diff(whole.astype(np.int32))).max())
    assert steps.max() < 3 * steepest
    np.testing.assert_array_equal(after[FRAME // 2 :], whole[11 * FRAME + FRAME // 2 :])


def test_what_came_is_not_changed() -> None:
    concealer, whole = Concealer(RATE_HZ), tone(150, 3)
    np.testing.assert_allclose(concealer.hear(whole), whole, atol=1)


def test_before_anything_was_heard_there_is_silence() -> None:
    assert not Concealer(RATE_HZ).fill(3 * FRAME).any()


def test_silence_stays_silence() -> None:
    concealer = Concealer(RATE_HZ)
    concealer.hear(tone(150, 5))
    concealer.hear(np.zeros(5 * FRAME, np.int16))
    assert not concealer.fill(FRAME).any()


def spectrum(frame: Pcm) -> NDArray[np.float64]:
    """In dB, but nothing below what a transcriber would see."""
    levels: NDArray[np.float64] = np.abs(np.fft.rfft(frame * np.hanning(len(frame))))
    decibels: NDArray[np.float64] = np.maximum(20 * np.log10(levels + 1e-9), 60)
    return decibels


def test_lost_speech_sounds_more_like_itself_than_silence_does(sound: Callable[[str], Pcm]) -> None:
    """Every seventh frame of a question is lost. Distances are of spectra, as phases drift apart."""
    speech, size = sound("speech/q_brooklyn_bridge.wav"), 320
    concealer, made_up, silence = Concealer(16_000), 0.0, 0.0
    for number in range(len(speech) // size):
        frame = speech[number * size : (number + 1) * size]
        if number % 7 != 6:
            concealer.hear(frame)
            continue
        made_up += float(np.abs(spectrum(concealer.fill(size)) - spectrum(frame)).mean())
        silence += float(np.abs(spectrum(np.zeros(size, np.int16)) - spectrum(frame)).mean())
    assert made_up < 0.85 * silence
