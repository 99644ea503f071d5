"""The files of one captured session: JSON lines, and the sound that they refer to.

Append-only and unbuffered: after a crash everything is there but, at worst, the end of the last line. Sound
is written before the line that names it. `docs/reference/trace.md` describes the format.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from voice_server.observing.redaction import Redaction

logger = logging.getLogger(__name__)

Record = dict[str, Any]
Make = Callable[[], Record]
"""Makes a record, in the writer's thread."""
Lost = Callable[[str, int], None]
"""Is told why so many records were not written: `queue`, `disk` or `limit`."""
Open = Callable[[Path], BinaryIO]

TRACKS = ("in", "out", "voice")


def append_to(path: Path) -> BinaryIO:
    """A file whose every write is at the kernel when it returns."""
    return path.open("ab", buffering=0)


@dataclass(frozen=True, slots=True)
class SinkOptions:
    """How a session is written down."""

    redaction: Redaction = field(default_factory=Redaction)
    limit_bytes: int = 2**40
    """All files of the session together."""
    lost: Lost = lambda why, count: None
    open: Open = append_to


class TraceSink:
    """Writes one session to `base` + `.jsonl` and `.in.pcm`, `.out.pcm`, `.voice.pcm`. For one thread.

    Never raises: where the disk is full or the session too long it stops writing, says so once, and counts.
    """

    def __init__(self, base: Path, options: SinkOptions) -> None:
        self._base = base
        self._options = options
        self._files: dict[str, BinaryIO] = {}
        self._lengths = dict.fromkeys(TRACKS, 0)
        self._written = 0
        self._stopped: str | None = None

    def write(self, make: Make, track: str | None = None, pcm: bytes = b"") -> None:
        """Append what `make` gives, with `audio: [first byte, bytes]` if there is sound for a track."""
        if self._stopped:
            self._options.lost(self._stopped, 1)
            return
        try:
            self._append(make(), track, pcm)
        except OSError as error:
            self._stop("disk")
            logger.error("capture of %s ended: %s", self._base.name, error.strerror)

    def close(self) -> None:
        """No more will come."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    @property
    def base(self) -> Path:
        """What all its files' names begin with."""
        return self._base

    def _append(self, record: Record, track: str | None, pcm: bytes) -> None:
        if self._written + len(pcm) > self._options.limit_bytes:
            self._line({"k": "gap", "at": record.get("at"), "why": "limit"})
            self._stop("limit")
            return
        if track:
            record = {**record, "audio": self._sound(track, pcm)}
        self._line(self._options.redaction.applied(record))

    def _sound(self, track: str, pcm: bytes) -> list[int]:
        begin = self._lengths[track]
        if self._options.redaction.sound:
            self._raw(f".{track}.pcm", pcm)
        self._lengths[track] += len(pcm)
        return [begin, len(pcm)]

    def _line(self, record: Record) -> None:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        # A lone surrogate, which a client's JSON may bring in, becomes the escape that it came as.
        self._raw(".jsonl", text.encode(errors="backslashreplace") + b"\n")

    def _raw(self, suffix: str, data: bytes) -> None:
        if suffix not in self._files:
            self._files[suffix] = self._options.open(self._base.with_name(self._base.name + suffix))
        self._files[suffix].write(data)
        self._written += len(data)

    def _stop(self, why: str) -> None:
        self._stopped = why
        self._options.lost(why, 1)
        self.close()
