from __future__ import annotations

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.trim import Trimming, audible_span

RATE_HZ = 16_000


def sound_between(before: int, sound: int, after: int) -> Pcm:
    """`sound` loud samples in a bed of noise at -54 dBFS."""
    bed = np.where(np.arange(before + sound + after) % 2, 64, -64).astype(np.int16)
    bed[before : before + sound] = 8_000
    return bed


def test_the_span_is_the_sound_and_not_the_noise_around_it() -> None:
    assert audible_span(sound_between(500, 100, 900)) == (500, 600)


def test_negative_full_scale_is_audible() -> None:
    assert audible_span(np.array([0, -32_768, 0], np.int16)) == (1, 2)


def trimmed(sound: Pcm, pause_ms: int, piece: int) -> tuple[list[int], int]:
    """The lengths of what comes out when so many samples a time go in, and what was cut from the head."""
    trimming = Trimming(RATE_HZ)
    ready = [trimming.push(sound[start : start + piece]) for start in range(0, len(sound), piece)]
    whole = np.concatenate([*ready, trimming.finish(pause_ms)])
    begin = trimming.skipped_samples
    assert np.array_equal(whole, sound[begin : begin + len(whole)])
    return [len(part) for part in ready], len(whole)


def test_a_lead_in_and_the_pause_are_kept() -> None:
    assert trimmed(sound_between(500, 100, 9_000), 120, piece=10_000) == ([260], 260 + 1_920)


def test_nothing_is_added_where_the_silence_is_shorter() -> None:
    assert trimmed(sound_between(50, 100, 30), 120, piece=1_000) == ([150], 180)


def test_silence_at_the_end_of_a_piece_is_kept_back_until_sound_follows() -> None:
    two = np.concatenate([sound_between(500, 100, 900), sound_between(700, 100, 9_000)])
    assert trimmed(two, 120, piece=1_500) == ([260, 1_700, 0, 0, 0, 0, 0, 0], 1_960 + 1_920)


def test_silence_is_cut_whole() -> None:
    assert audible_span(np.zeros(0, np.int16)) == (0, 0)
    assert trimmed(np.zeros(4_000, np.int16), 120, piece=1_000) == ([0, 0, 0, 0], 0)
