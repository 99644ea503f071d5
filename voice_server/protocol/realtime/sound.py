"""Sound as the Realtime API encodes it, and as this server does: s16le in base64, or G.711.

Inside, what is heard has 16 kHz and what is spoken 24 kHz, whatever the client has chosen: its choice may
change within the session, the core's rates do not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from voice_server.audio import g711
from voice_server.audio.pcm import Pcm, from_bytes, to_bytes
from voice_server.audio.rates import FRAME_MS, INPUT_HZ, MAX_INPUT_CHUNK_MS, frame_bytes
from voice_server.audio.resampling import Resampler
from voice_server.protocol.realtime.session_settings import PCM_HZ, Encoding

LAWS: dict[Encoding, g711.Law] = {"audio/pcmu": "ulaw", "audio/pcma": "alaw"}
PIECE_BYTES = frame_bytes(INPUT_HZ) * MAX_INPUT_CHUNK_MS // FRAME_MS
PORTION_CHARS = 128 * 1024
"""Of base64, decoded at once: half a millisecond's work."""
PUSH_BYTES = 9_600
"""Of encoded sound, resampled at once: 0.3 ms of work for 200 ms of PCM."""


class Ear:
    """One session's input, in the client's encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._law = LAWS.get(encoding)
        self._resampler = Resampler(g711.RATE_HZ if self._law else PCM_HZ, INPUT_HZ)

    def check(self, size: int) -> None:
        """Raises ValueError where so many bytes are not whole samples."""
        if not self._law and size % 2:
            raise ValueError(f"{size} bytes are not whole samples of 16 bits")

    def hear(self, data: bytes) -> Iterator[bytes]:
        """Encoded bytes → s16le at 16 kHz, in pieces of at most 200 ms, each made when it is asked for."""
        for start in range(0, len(data), PUSH_BYTES):
            yield from self._push(data[start : start + PUSH_BYTES])

    def _push(self, data: bytes) -> list[bytes]:
        samples = g711.decode(data, self._law) if self._law else from_bytes(data)
        pcm = to_bytes(self._resampler.push(samples))
        return [pcm[start : start + PIECE_BYTES] for start in range(0, len(pcm), PIECE_BYTES)]


class Mouth:
    """One response's output, in the client's encoding. Sound goes in once and in order, s16le at 24 kHz."""

    def __init__(self, encoding: Encoding) -> None:
        self._law = LAWS.get(encoding)
        self._resampler = Resampler(PCM_HZ, g711.RATE_HZ)

    def push(self, pcm: bytes, *, last: bool) -> bytes:
        """The same sound as the client wants it. `last`: nothing follows."""
        if self._law is None:
            return pcm
        samples = self._resampler.push(from_bytes(pcm))
        encoded = g711.encode(samples, self._law)
        return encoded + g711.encode(self._rest(), self._law) if last else encoded

    def _rest(self) -> Pcm:
        return self._resampler.flush()


def from_base64(text: str) -> Iterator[bytes]:
    """In portions, each decoded when it is asked for. Raises ValueError where it is not base64."""
    if 0 <= text.find("=") < len(text) - 2:
        raise ValueError("there is padding before the end")
    for start in range(0, len(text), PORTION_CHARS):
        yield base64.b64decode(text[start : start + PORTION_CHARS], validate=True)


def to_base64(data: bytes) -> str:
    """As JSON carries it."""
    return base64.b64encode(data).decode("ascii")
