"""Sample rates and frame sizes, derived from each other. Pure integers: the core may import this."""

from __future__ import annotations

FRAME_MS = 20
BYTES_PER_SAMPLE = 2
INPUT_HZ = 16_000
"""The rate of everything that listens: VAD, turn detector, transcriber."""

SUPPORTED_INPUT_HZ = (8_000, 16_000, 24_000, 48_000)
SUPPORTED_OUTPUT_HZ = (8_000, 16_000, 22_050, 24_000, 48_000)
MAX_INPUT_CHUNK_MS = 200


def frame_samples(rate_hz: int) -> int:
    """Samples of one 20 ms frame: 320 at 16 kHz."""
    return rate_hz * FRAME_MS // 1000


def frame_bytes(rate_hz: int) -> int:
    """Bytes of one 20 ms frame: 640 at 16 kHz."""
    return frame_samples(rate_hz) * BYTES_PER_SAMPLE


def samples_to_ms(samples: int, rate_hz: int) -> int:
    """Whole milliseconds that have fully sounded (rounded down)."""
    return samples * 1000 // rate_hz


def ms_to_samples(ms: int, rate_hz: int) -> int:
    """The first sample at or after `ms` (rounded up), so that the two functions are inverse on whole ms."""
    return -(-ms * rate_hz // 1000)
