from __future__ import annotations

import numpy as np

from voice_server.client.track import Track


def test_frames_are_the_recording_sample_by_sample_then_silence() -> None:
    samples = np.arange(1, 501, dtype=np.int16)
    track = Track(16_000)
    track.lay(samples)
    sound = track.render(3)
    assert sound[:500].tolist() == samples.tolist()
    assert not sound[500:].any()
    assert track.end == 500


def test_recordings_are_laid_at_their_sample_and_added_up() -> None:
    track = Track(16_000)
    track.lay(np.full(400, 100, np.int16))
    track.lay(np.full(100, 11, np.int16), 350)
    sound = track.render(2)
    assert sound[349:352].tolist() == [100, 111, 111]
    assert sound[399:401].tolist() == [111, 11]
    assert track.end == 450


def test_what_adds_up_to_more_than_full_scale_is_clipped() -> None:
    track = Track(16_000)
    track.lay(np.full(320, 30_000, np.int16))
    track.lay(np.full(320, 30_000, np.int16))
    assert set(track.frame(0).tolist()) == {32_767}


def test_low_noise_has_its_level_and_is_the_same_each_time() -> None:
    track = Track(16_000, noise_dbfs=-60.0, seed=3)
    sound = track.render(100)
    level_dbfs = 20 * np.log10(np.sqrt(np.mean(sound.astype(float) ** 2)) / 32_768)
    assert abs(level_dbfs + 60) < 0.5
    assert np.array_equal(sound, Track(16_000, noise_dbfs=-60.0, seed=3).render(100))
