"""Audio frames of `voice.v1` as bytes: a 12-byte little-endian header, then PCM s16le mono."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from voice_server.audio.pcm import Pcm, from_bytes, to_bytes
from voice_server.errors import LinkError

VERSION = 1
KIND_AUDIO = 1
LAST_FRAME = 1
HEADER = struct.Struct("<BBHII")
"""version, kind, flags, response, position of the first sample within the response."""


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """Up to 20 ms of one response."""

    response: int
    position: int
    """Index of the first sample within the response."""
    samples: Pcm
    last: bool = False


def pack_audio(frame: AudioFrame) -> bytes:
    """A frame as it goes over the wire."""
    flags = LAST_FRAME if frame.last else 0
    return HEADER.pack(VERSION, KIND_AUDIO, flags, frame.response, frame.position) + to_bytes(frame.samples)


def unpack_audio(data: bytes) -> AudioFrame:
    """A frame from the wire. Raises LinkError when the server speaks something else."""
    if len(data) < HEADER.size or len(data) % 2:
        raise LinkError(f"the server sent a binary frame of {len(data)} bytes, which is no audio frame")
    version, kind, flags, response, position = HEADER.unpack_from(data)
    if (version, kind) != (VERSION, KIND_AUDIO):
        raise LinkError(f"the server sent a binary frame of version {version}, kind {kind}; we know 1, 1")
    return AudioFrame(response, position, from_bytes(data[HEADER.size :]), bool(flags & LAST_FRAME))
