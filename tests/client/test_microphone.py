from __future__ import annotations

import asyncio

import numpy as np
import pytest

from voice_server.audio.pcm import Pcm
from voice_server.client.clock import NS_PER_MS
from voice_server.client.microphone import Microphone
from voice_server.client.track import Track


class ManualClock:
    """Sleeping sets the time; whoever holds it can let time pass besides."""

    def __init__(self) -> None:
        self.ns = 5_000_000_123

    def now_ns(self) -> int:
        return self.ns

    async def sleep_until(self, when_ns: int) -> None:
        self.ns = max(self.ns, when_ns)
        await asyncio.sleep(0)


class Listener:
    """Notes when frames came; stops the microphone after `limit`; `costs_ms` is how long each send takes."""

    def __init__(self, clock: ManualClock, limit: int, costs_ms: dict[int, int] | None = None) -> None:
        self.times_ms: list[float] = []
        self.frames: list[Pcm] = []
        self._clock, self._limit, self._costs_ms = clock, limit, costs_ms or {}
        self._start_ns = clock.ns

    async def __call__(self, samples: Pcm) -> None:
        if len(self.frames) == self._limit:
            raise asyncio.CancelledError
        self.times_ms.append((self._clock.ns - self._start_ns) / NS_PER_MS)
        self._clock.ns += self._costs_ms.get(len(self.frames), 0) * NS_PER_MS
        self.frames.append(samples)


async def play(listener: Listener, clock: ManualClock, track: Track) -> Microphone:
    microphone = Microphone(track, clock, listener)
    with pytest.raises(asyncio.CancelledError):
        await microphone.run()
    return microphone


async def test_a_frame_leaves_when_its_last_sample_has_sounded() -> None:
    clock = ManualClock()
    listener = Listener(clock, 4)
    await play(listener, clock, Track(16_000))
    assert listener.times_ms == [20.0, 40.0, 60.0, 80.0]


async def test_late_frames_catch_up_and_nothing_drifts() -> None:
    clock = ManualClock()
    listener = Listener(clock, 6, costs_ms={1: 50})
    microphone = await play(listener, clock, Track(16_000))
    assert listener.times_ms == [20.0, 40.0, 90.0, 90.0, 100.0, 120.0]
    assert microphone.lateness_ms[:5] == [0.0, 50.0, 30.0, 10.0, 0.0]


async def test_ten_minutes_of_frames_does_not_drift() -> None:
    clock = ManualClock()
    listener = Listener(clock, 30_000)
    await play(listener, clock, Track(8_000))
    assert listener.times_ms[-1] == 600_000.0


async def test_what_left_is_kept_sample_by_sample() -> None:
    clock = ManualClock()
    track = Track(16_000)
    track.lay(np.arange(1, 400, dtype=np.int16))
    listener = Listener(clock, 3)
    microphone = await play(listener, clock, track)
    assert microphone.recording()[:399].tolist() == list(range(1, 400))
    assert np.array_equal(microphone.recording()[: 3 * 320], np.concatenate(listener.frames))


async def test_sound_can_be_changed_from_the_next_sample_on() -> None:
    clock = ManualClock()
    microphone = Microphone(Track(16_000), clock, Listener(clock, 3))
    assert microphone.next_sample() == 0
    clock.ns += 30 * NS_PER_MS
    assert microphone.next_sample() == 480  # nothing left yet, but 30 ms have sounded
