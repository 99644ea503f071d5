"""Binary frames: audio. Up, bare PCM; down, a 12-byte header and PCM. All s16le mono.

The header is little-endian: u8 version, u8 kind, u16 flags, u32 response, u32 position.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from voice_server.audio.rates import BYTES_PER_SAMPLE, MAX_INPUT_CHUNK_MS, ms_to_samples
from voice_server.errors import ProtocolError
from voice_server.protocol.codes import CloseCode, ErrorCode
from voice_server.protocol.limits import MAX_MESSAGE_BYTES

VERSION = 1
KIND_AUDIO = 1
FLAG_LAST = 1
_HEADER = struct.Struct("<BBHII")
HEADER_BYTES = _HEADER.size


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """Audio as a client receives it. `position` is the index of its first sample within the response."""

    response: int
    position: int
    last: bool
    pcm: bytes


def encode_audio(response: int, position: int, last: bool, pcm: bytes) -> bytes:
    """One downward frame. `last`: none follows in this response."""
    flags = FLAG_LAST if last else 0
    return _HEADER.pack(VERSION, KIND_AUDIO, flags, response, position) + pcm


def decode_audio(data: bytes) -> AudioFrame:
    """Read a downward frame, as a client does. Unknown flags are passed over.

    Raises ValueError for a frame that is too short, of another version or kind, or of an odd length.
    """
    if len(data) < HEADER_BYTES:
        raise ValueError(f"a frame of {len(data)} bytes is shorter than its header of {HEADER_BYTES}")
    version, kind, flags, response, position = _HEADER.unpack_from(data)
    if (version, kind) != (VERSION, KIND_AUDIO):
        raise ValueError(f"version {version}, kind {kind}; known is version {VERSION}, kind {KIND_AUDIO}")
    if len(data) % BYTES_PER_SAMPLE:
        raise ValueError(f"{len(data) - HEADER_BYTES} bytes of audio are not whole 16-bit samples")
    return AudioFrame(response, position, bool(flags & FLAG_LAST), data[HEADER_BYTES:])


def check_input(data: bytes, rate_hz: int) -> None:
    """Refuse an upward frame that is empty, odd or longer than 200 ms.

    Raises ProtocolError; fatal only above the size that any frame may have.
    """
    longest = ms_to_samples(MAX_INPUT_CHUNK_MS, rate_hz) * BYTES_PER_SAMPLE
    if len(data) > MAX_MESSAGE_BYTES:
        raise _bad(ErrorCode.TOO_LARGE, data, longest, CloseCode.TOO_LARGE)
    if not data or len(data) > longest or len(data) % BYTES_PER_SAMPLE:
        raise _bad(ErrorCode.BAD_AUDIO, data, longest, None)


def _bad(code: ErrorCode, data: bytes, longest: int, close_code: CloseCode | None) -> ProtocolError:
    expected = f"expected an even number of bytes from {BYTES_PER_SAMPLE} to {longest}"
    return ProtocolError(code, f"audio: {expected}, got {len(data)}", close_code=close_code)
