"""Opus as RTP carries it (RFC 7587): one voice, a clock of 48 kHz, frames of 20 ms out, any length in."""

from __future__ import annotations

from fractions import Fraction

import av

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import frame_samples
from voice_server.transports.webrtc.libopus import MAX_SAMPLES, RATE_HZ

FRAME_SAMPLES = frame_samples(RATE_HZ)
TIME_BASE = Fraction(1, RATE_HZ)
BITS_PER_S = 32_000
"""Of one voice at full band, RFC 6716, 2.1.1 recommends 28 to 40 kbit/s."""
EXPECTED_LOSS = "10"
"""Per cent. With that, and not with 5, each packet of a voice carries a coarse copy of the one before."""
EFFORT = "5"
"""Of 10. One frame takes 0.2 ms of a core; nobody hears what the rest would add."""
SILENCE = bytes.fromhex("f8fffe")
"""A frame of 20 ms of silence, the shortest there is (CELT, full band, code 0)."""

_LENGTHS_SILK, _LENGTHS_HYBRID, _LENGTHS_CELT = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)


def length_samples(payload: bytes) -> int:
    """How long a packet sounds, from its first bytes (RFC 6716, 3.1). Raises ValueError if it is none."""
    if not payload:
        raise ValueError("an empty packet")
    mode, code = payload[0] >> 3, payload[0] & 3
    if mode < 12:
        frame = _LENGTHS_SILK[mode % 4]
    elif mode < 16:
        frame = _LENGTHS_HYBRID[mode % 2]
    else:
        frame = _LENGTHS_CELT[mode % 4]
    count = (1, 2, 2, payload[1] & 63 if len(payload) > 1 else 0)[code]
    if not 0 < count * frame <= MAX_SAMPLES:
        raise ValueError(f"a packet of {count} frames")
    return count * frame


class Encoder:
    """One stream. Not for overlapping calls."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.format, self._codec.layout, self._codec.sample_rate = "s16", "mono", RATE_HZ
        self._codec.bit_rate = BITS_PER_S
        self._codec.time_base = TIME_BASE
        self._codec.options = {
            "application": "voip",
            "frame_duration": "20",
            "compression_level": EFFORT,
            "fec": "1",
            "packet_loss": EXPECTED_LOSS,
        }

    def encode(self, samples: Pcm) -> bytes:
        """One packet of 20 ms from samples of shape (960,), 48 kHz."""
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE_HZ, TIME_BASE
        (packet,) = self._codec.encode(frame)
        return bytes(packet)
