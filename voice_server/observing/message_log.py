"""A line in the log for each message of a session, and for one of many audio frames."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from voice_server.core.commands import Fact
from voice_server.core.trace import Decision
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.observing.background import Writer
from voice_server.observing.message_types import AUDIO, received_type, sent_type
from voice_server.observing.redaction import Redaction
from voice_server.ports import AudioFrame, Farewell, Notice, Opened, Refused

Put = Callable[[Callable[[], Any]], None]

UNTOLD = {"type", "seq", "t_ms", "config", "limits", "words"}
"""Fields of a message that a line of the log does without: they are there already, or long."""

TAKEN = {"bytes", "event", "level", "session", "time", "way"}
"""What a line says of itself: a field of a message with this name gets a `_`."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What the log holds."""

    audio_every: int = 100
    """One line for so many audio frames of a session and direction; 0: none."""
    redaction: Redaction = field(default_factory=lambda: Redaction(words=False))


class MessageLog(Observer):
    """Logs for the whole process, through a thread of its own."""

    def __init__(self, options: LogOptions, writer: Writer) -> None:
        self._options = options
        self._writer = writer
        self._log = structlog.get_logger("voice_server.messages")

    def refused(self, code: str) -> None:
        """At the door."""
        self._put(partial(self._log.warning, "refused", code=code))

    def resumed(self, found: bool) -> None:
        """A client came back."""
        self._put(partial(self._log.info, "resumed", found=found))

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """Log one session."""
        log = self._log.bind(session=opened.session)
        self._put(partial(log.info, "session opened", captured=opened.captured))
        return SessionLog(log, self._options, self._put, now)

    def _put(self, work: Callable[[], Any]) -> None:
        self._writer.put(work)


class SessionLog(SessionObserver):
    """Logs of one session."""

    def __init__(self, log: Any, options: LogOptions, put: Put, now: Now) -> None:
        self._log = log
        self._options = options
        self._put = put
        self._now = now
        self._frames = {"in": 0, "out": 0}
        self._bytes = {"in": 0, "out": 0}
        self._received_at = 0.0
        self._received: str | bytes = b""

    def received(self, data: str | bytes) -> None:
        """The line comes when it has been dealt with."""
        self._received, self._received_at = data, time.perf_counter()

    def handled(self) -> None:
        """What the client sent, and how long it took."""
        data, took_ms = self._received, (time.perf_counter() - self._received_at) * 1000
        if isinstance(data, bytes):
            self._audio("in", len(data))
        else:
            self._put(partial(self._tell_received, data, self._now(), round(took_ms, 2)))

    def sent(self, item: Fact | Notice, seq: int, t_ms: int, messages: Sequence[str]) -> None:
        """What the client was told."""
        write = self._log.warning if isinstance(item, Refused) else self._log.info
        for message in messages:
            self._put(partial(self._tell_sent, write, message, seq, t_ms))

    def sent_audio(self, frame: AudioFrame, messages: Sequence[str]) -> None:
        """One of many."""
        self._audio("out", len(frame.pcm), response=frame.response, position=frame.position)

    def decided(self, decision: Decision) -> None:
        """Only what should not be."""
        if decision.error:
            self._put(partial(self._log.error, "core error", t_ms=decision.now_ms, error=decision.error))

    def closed(self, farewell: Farewell | None) -> None:
        """The last line."""
        how = farewell.name.lower() if farewell else "lost"
        sums = {f"{way}_frames": count for way, count in self._frames.items()}
        self._put(partial(self._log.info, "session closed", t_ms=self._now(), farewell=how, **sums))

    def _audio(self, way: str, size: int, **more: object) -> None:
        self._frames[way] += 1
        self._bytes[way] += size
        every = self._options.audio_every
        if every and self._frames[way] % every == 1 % every:
            sums = {"frame": self._frames[way], "bytes": size, "bytes_so_far": self._bytes[way]}
            self._put(partial(self._log.info, AUDIO, way=way, t_ms=self._now(), **sums, **more))

    def _tell_received(self, data: str, t_ms: int, took_ms: float) -> None:
        sizes = {"way": "in", "t_ms": t_ms, "bytes": len(data.encode()), "took_ms": took_ms}
        self._log.info(received_type(data), **sizes, **self._fields(data))

    def _tell_sent(self, write: Callable[..., None], message: str, seq: int, t_ms: int) -> None:
        size = len(message.encode())
        write(sent_type(message), way="out", seq=seq, t_ms=t_ms, bytes=size, **self._fields(message))

    def _fields(self, text: str) -> dict[str, Any]:
        """The message's own fields, as far as the log may hold them."""
        try:
            message = json.loads(text)
        except ValueError:
            return {}
        if not isinstance(message, dict):
            return {}
        shown = {name: value for name, value in message.items() if name not in UNTOLD}
        redacted: dict[str, Any] = self._options.redaction.applied(shown)
        return {f"{name}_" if name in TAKEN else name: value for name, value in redacted.items()}
