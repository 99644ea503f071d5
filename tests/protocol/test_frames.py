"""Audio on the wire: the 12-byte header down, bare PCM up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.audio.rates import SUPPORTED_INPUT_HZ
from voice_server.errors import ProtocolError
from voice_server.protocol.frames import AudioFrame, check_input, decode_audio, encode_audio
from voice_server.protocol.limits import MAX_MESSAGE_BYTES

U32 = st.integers(0, 2**32 - 1)


def test_the_header_is_twelve_bytes_little_endian() -> None:
    frame = encode_audio(response=0x01020304, position=441, last=True, pcm=b"\x10\x20")
    assert frame == bytes.fromhex("01 01 0100 04030201 b9010000 1020")


@given(U32, U32, st.booleans(), st.binary(max_size=882).filter(lambda pcm: len(pcm) % 2 == 0))
def test_a_frame_arrives_as_it_was_sent(response: int, position: int, last: bool, pcm: bytes) -> None:
    frame = AudioFrame(response, position, last, pcm)
    assert decode_audio(encode_audio(response, position, last, pcm)) == frame


def test_flags_of_a_later_version_are_passed_over() -> None:
    frame = bytearray(encode_audio(1, 0, False, b""))
    frame[2:4] = b"\xfe\xff"
    assert decode_audio(bytes(frame)) == AudioFrame(1, 0, False, b"")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "a frame of 0 bytes is shorter"),
        (b"\x01\x01" + b"\0" * 9, "a frame of 11 bytes is shorter"),
        (b"\x02\x01" + b"\0" * 10, "version 2, kind 1"),
        (b"\x01\x02" + b"\0" * 10, "version 1, kind 2"),
        (b"\x01\x01" + b"\0" * 11, "1 bytes of audio"),
    ],
)
def test_what_is_no_frame_is_described(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode_audio(data)


@pytest.mark.parametrize("rate_hz", SUPPORTED_INPUT_HZ)
def test_up_to_200_ms_may_come_at_once(rate_hz: int) -> None:
    longest = rate_hz * 2 // 5
    for size in (2, longest):
        check_input(bytes(size), rate_hz)
    for size in (0, 1, longest - 1, longest + 2):
        with pytest.raises(ProtocolError, match=f"from 2 to {longest}, got {size}") as caught:
            check_input(bytes(size), rate_hz)
        assert (caught.value.code, caught.value.close_code) == ("bad_audio", None)


def test_a_frame_too_large_for_any_message_ends_the_connection() -> None:
    with pytest.raises(ProtocolError) as caught:
        check_input(bytes(MAX_MESSAGE_BYTES + 2), 16_000)
    assert (caught.value.code, caught.value.close_code) == ("too_large", 4413)
