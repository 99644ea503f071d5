from __future__ import annotations

import numpy as np
import pytest

from voice_server.client.wire import AudioFrame, pack_audio, unpack_audio
from voice_server.errors import LinkError


def test_a_frame_is_twelve_bytes_of_header_and_little_endian_samples() -> None:
    frame = AudioFrame(0x0102, 0x030405, np.array([1, -2], np.int16), last=True)
    assert pack_audio(frame).hex() == "0101010002010000050403000100feff"


def test_a_frame_comes_back_as_it_went() -> None:
    frame = unpack_audio(pack_audio(AudioFrame(7, 4410, np.arange(441, dtype=np.int16))))
    assert (frame.response, frame.position, frame.last) == (7, 4410, False)
    assert frame.samples.tolist() == list(range(441))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01\x01\x00", bytes(13), b"\x02\x01" + bytes(10), b"\x01\x02" + bytes(10)],
    ids=["empty", "short", "odd", "other version", "other kind"],
)
def test_what_is_no_audio_frame_is_refused(data: bytes) -> None:
    with pytest.raises(LinkError, match="the server sent a binary frame"):
        unpack_audio(data)
