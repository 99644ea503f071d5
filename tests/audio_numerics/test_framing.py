from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voice_server.audio.framing import Framer
from voice_server.audio.pcm import to_bytes

RATES_HZ = (8_000, 16_000, 24_000, 48_000)


@given(st.sampled_from(RATES_HZ), st.lists(st.integers(0, 1600), max_size=12))
def test_whatever_the_chunks_the_frames_are_the_stream_cut_in_order(rate_hz: int, sizes: list[int]) -> None:
    stream = np.arange(sum(sizes)).astype(np.int16)
    framer, frames, start = Framer(rate_hz), [], 0
    for size in sizes:
        frames += framer.push(to_bytes(stream[start : start + size]))
        start += size
    frame = rate_hz // 50
    assert [len(f) for f in frames] == [frame] * (len(stream) // frame)
    assert to_bytes(np.concatenate([*frames, stream[len(frames) * frame :]])) == to_bytes(stream)


def test_a_sample_may_come_in_two_pieces() -> None:
    framer = Framer(16_000)
    assert framer.push(b"\x01\x00" * 319 + b"\x01") == []
    (frame,) = framer.push(b"\x00")
    assert frame.tolist() == [1] * 320


def test_no_bytes_are_no_frames() -> None:
    assert Framer(16_000).push(b"") == []


def test_framers_share_nothing() -> None:
    one, other = Framer(16_000), Framer(16_000)
    one.push(bytes(638))
    assert other.push(bytes(638)) == []
    assert len(one.push(bytes(2))) == 1
