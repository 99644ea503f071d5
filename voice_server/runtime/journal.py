"""A session as bytes: everything that it was told, in order, from which it can be made again.

The state is one compressed stream of lines, grown at every turn; what happened since is in blobs, each either
lines (`E`) or sound that was made (`A`, the response as u32, s16le), which is needed only until its response
ends. A line is `[now_ms, event]`, an object with the number of the last message, or, the first, the head.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from voice_server.core.events import Event
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.revival import Told
from voice_server.core.trace import decode, decode_event, encode

VERSION = 1
LINES, SOUND = b"E", b"A"


class Journal:
    """One session's, as it is being written."""

    def __init__(self, config: SessionConfig, policy: Policy) -> None:
        head = {"version": VERSION, "config": encode(config), "policy": encode(policy)}
        self._packer = zlib.compressobj(1)
        self._packed = bytearray()
        self._lines = [_line(head)]
        self._unwritten: list[str] = []
        self._sound: dict[int, bytearray] = {}
        self._unwritten_sound: list[bytes] = []

    @property
    def size_bytes(self) -> int:
        """What it takes, about."""
        return len(self._packed) + sum(map(len, self._sound.values())) + 100 * len(self._lines)

    def told(self, event: Event | None, now_ms: int) -> None:
        """The session was told this."""
        line = _line([now_ms, encode(event) if event else None])
        self._lines.append(line)
        self._unwritten.append(line)

    def spoken(self, response: int, pcm: bytes) -> None:
        """So much more of this response was made."""
        self._sound.setdefault(response, bytearray()).extend(pcm)
        self._unwritten_sound.append(_sound(response, pcm))

    def discarded(self, response: int) -> None:
        """Its sound is not needed any more."""
        self._sound.pop(response, None)

    def pack(self, last_seq: int) -> bytes:
        """The state as of now."""
        text = "".join([*self._lines, _line({"seq": last_seq})])
        self._packed += self._packer.compress(text.encode()) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        self._lines.clear()
        return bytes(self._packed)

    def sound(self) -> tuple[bytes, ...]:
        """All sound that is needed beside a new state."""
        self._unwritten.clear()
        self._unwritten_sound.clear()
        return tuple(_sound(response, bytes(pcm)) for response, pcm in self._sound.items())

    def news(self, last_seq: int) -> tuple[bytes, ...]:
        """What has happened since this or a new state was last asked for."""
        lines = LINES + "".join([*self._unwritten, _line({"seq": last_seq})]).encode()
        sound = tuple(self._unwritten_sound)
        self._unwritten.clear()
        self._unwritten_sound.clear()
        return (lines, *sound)


@dataclass
class Recalled:
    """A journal that was read."""

    config: SessionConfig
    policy: Policy
    last_seq: int = 0
    told: list[Told] = field(default_factory=list)
    sound: dict[int, bytearray] = field(default_factory=dict)
    """s16le, by response."""


def recall(state: bytes, blobs: Iterable[bytes]) -> Recalled:
    """Read it. Raises ValueError where it is none of this version."""
    lines = _unpacked(state).splitlines()
    head: dict[str, Any] = json.loads(lines[0]) if lines else {}
    if head.get("version") != VERSION:
        raise ValueError(f"not a journal of version {VERSION}")
    recalled = Recalled(decode(SessionConfig, head["config"]), decode(Policy, head["policy"]))
    _read(recalled, lines[1:])
    for blob in blobs:
        if blob[:1] == LINES:
            _read(recalled, blob[1:].decode().splitlines())
        else:
            (response,) = struct.unpack_from("<I", blob, 1)
            recalled.sound.setdefault(response, bytearray()).extend(blob[5:])
    return recalled


def _unpacked(state: bytes) -> str:
    try:
        return zlib.decompressobj().decompress(state).decode()
    except zlib.error as error:
        raise ValueError(f"not a journal: {error}") from error


def _read(recalled: Recalled, lines: Iterable[str]) -> None:
    for line in map(json.loads, lines):
        if isinstance(line, dict):
            recalled.last_seq = line["seq"]
        else:
            now_ms, event = line
            recalled.told.append((now_ms, decode_event(event) if event else None))


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True) + "\n"


def _sound(response: int, pcm: bytes) -> bytes:
    return SOUND + struct.pack("<I", response) + pcm
