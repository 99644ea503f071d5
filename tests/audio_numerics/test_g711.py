"""G.711 against values from the recommendation's tables."""

from __future__ import annotations

import numpy as np
import pytest

from voice_server.audio.g711 import Law, decode, encode

LAWS: list[Law] = ["ulaw", "alaw"]
KNOWN: list[tuple[Law, int, int]] = [
    ("ulaw", 0xFF, 0),
    ("ulaw", 0x80, 32_124),  # the loudest
    ("ulaw", 0x00, -32_124),
    ("ulaw", 0xFE, 8),
    ("ulaw", 0xEF, 132),  # the second segment begins
    ("ulaw", 0xA0, 7_932),
    ("alaw", 0xD5, 8),
    ("alaw", 0x55, -8),
    ("alaw", 0xAA, 32_256),  # the loudest
    ("alaw", 0x2A, -32_256),
    ("alaw", 0xC5, 264),  # the second segment begins
    ("alaw", 0xF5, 528),  # the third, whose steps are twice as large
]


@pytest.mark.parametrize(("law", "byte", "sample"), KNOWN)
def test_known_values(law: Law, byte: int, sample: int) -> None:
    assert decode(bytes([byte]), law).tolist() == [sample]
    assert encode(np.array([sample], np.int16), law) == bytes([byte])


@pytest.mark.parametrize("law", LAWS)
def test_what_was_decoded_is_encoded_to_the_same_byte(law: Law) -> None:
    every = bytes(range(256))
    again = encode(decode(every, law), law)
    minus_zero = {0x7F} if law == "ulaw" else set()
    assert {byte for byte in every if again[byte] != byte} == minus_zero


@pytest.mark.parametrize("law", LAWS)
def test_the_error_is_a_small_share_of_the_sample(law: Law) -> None:
    samples = np.arange(-32_000, 32_000, 7).astype(np.int16)
    error = np.abs(decode(encode(samples, law), law).astype(int) - samples)
    assert np.all(error <= np.maximum(16, np.abs(samples.astype(int)) / 16))


@pytest.mark.parametrize("law", LAWS)
def test_the_loudest_samples_are_clipped_with_their_sign(law: Law) -> None:
    loud = decode(encode(np.array([-32_768, 32_767], np.int16), law), law)
    loudest = {"ulaw": 32_124, "alaw": 32_256}[law]
    assert loud.tolist() == [-loudest, loudest]


def test_no_sound_is_no_bytes() -> None:
    assert encode(np.zeros(0, np.int16), "ulaw") == b""
    assert len(decode(b"", "alaw")) == 0
