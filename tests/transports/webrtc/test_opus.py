"""Opus: what goes in comes out, and what is no Opus is refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.audio.pcm import Pcm
from voice_server.transports.webrtc.libopus import Decoder
from voice_server.transports.webrtc.opus import FRAME_SAMPLES, SILENCE, Encoder, length_samples

CODEC_DELAY_SAMPLES = 312
"""6.5 ms at 48 kHz: what libopus looks ahead."""


def tone(frames: int) -> Pcm:
    at = np.arange(frames * FRAME_SAMPLES) / 48_000
    return (8_000 * np.sin(2 * np.pi * 220 * at)).astype(np.int16)


def test_a_tone_comes_out_as_it_went_in() -> None:
    encoder, decoder, sent = Encoder(), Decoder(), tone(25)
    packets = [encoder.encode(sent[i : i + FRAME_SAMPLES]) for i in range(0, len(sent), FRAME_SAMPLES)]
    heard = np.concatenate([decoder.decode(packet) for packet in packets])
    assert len(heard) == len(sent)
    later = max(
        range(2 * CODEC_DELAY_SAMPLES),
        key=lambda d: float(np.dot(sent[4800:9600].astype(float), heard[4800 + d : 9600 + d].astype(float))),
    )
    difference = sent[4800:9600].astype(float) - heard[4800 + later : 9600 + later]
    assert np.sqrt(np.mean(difference**2)) < 0.2 * np.sqrt(np.mean(sent[4800:9600].astype(float) ** 2))


def test_every_packet_of_ours_says_that_it_is_20_ms() -> None:
    encoder = Encoder()
    packets = [encoder.encode(tone(1)) for _ in range(10)] + [SILENCE]
    assert {length_samples(packet) for packet in packets} == {FRAME_SAMPLES}


def test_the_constant_for_silence_is_silent() -> None:
    heard = Decoder().decode(SILENCE)
    assert len(heard) == FRAME_SAMPLES
    assert np.abs(heard).max() <= 1


@pytest.mark.parametrize(
    ("first", "samples"),
    [
        (b"\x00", 480),  # SILK, 10 ms
        (b"\x18", 2_880),  # SILK, 60 ms
        (b"\x60", 480),  # hybrid, 10 ms
        (b"\x80", 120),  # CELT, 2.5 ms
        (b"\x99", 1_920),  # CELT, two of 20 ms
        (b"\x0b\x03", 2_880),  # SILK, three of 20 ms
    ],
)
def test_the_length_is_read_from_the_first_bytes(first: bytes, samples: int) -> None:
    assert length_samples(first + b"rest") == samples


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x03\x00", b"\x1b\x3f"])
def test_what_has_no_length_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="packet"):
        length_samples(payload)


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    decoder = Decoder()
    with contextlib.suppress(ValueError):
        decoder.decode(payload)
    assert len(decoder.decode(SILENCE)) == FRAME_SAMPLES, "and the stream goes on"
