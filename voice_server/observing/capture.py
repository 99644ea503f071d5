"""Captures: everything that goes through a session, written down as it happens."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from voice_server.audio.pcm import to_bytes
from voice_server.core.commands import Fact
from voice_server.core.trace import Decision, encode, record_of
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.observing.background import Writer
from voice_server.observing.noted_models import noted
from voice_server.observing.prompts import PromptShortener
from voice_server.observing.rotation import make_room, remove, session_of
from voice_server.observing.trace_sink import Make, Record, SinkOptions, TraceSink
from voice_server.ports import AudioFrame, Farewell, Models, Notice, Opened, SpeechChunk

logger = logging.getLogger(__name__)

VERSION = 1
"""Of the trace's format."""


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What is captured, and how."""

    directory: Path
    about: Record
    """What the server is set to, as the head of every trace holds it: `policy`, `runtime`, `models`."""
    sink: SinkOptions = field(default_factory=SinkOptions)
    only_if_asked: bool = False
    """Only the sessions whose clients ask for it."""
    total_bytes: int = 2**40
    """All captures together; the oldest go first."""


class Captures(Observer):
    """Writes sessions down, in a thread of its own. What it cannot write it drops and counts."""

    def __init__(self, options: CaptureOptions, writer: Writer) -> None:
        self._options = options
        self._writer = writer
        self._in_use: set[SessionCapture] = set()

    def captures(self, asked: bool) -> bool:
        """As the settings say."""
        return asked or not self._options.only_if_asked

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """Write it down if its client was told so."""
        if not opened.captured:
            return SessionObserver()
        began = datetime.now(UTC)
        name = f"{began:%Y%m%dT%H%M%S}.{began.microsecond // 1000:03}Z-{opened.session}"
        sink = TraceSink(self._options.directory / name, self._options.sink)
        capture = SessionCapture(sink, self._writer, self._options, now)
        self._in_use = {other for other in self._in_use if not other.over} | {capture}
        self._writer.put(partial(self._make_room, frozenset(each.name for each in self._in_use)))
        capture.begin(opened, began.isoformat(timespec="milliseconds"))
        return capture

    def deleted(self, session: str) -> None:
        """Its capture goes too, as soon as nothing more comes."""
        removing = partial(self._remove, session)
        running = [each for each in self._in_use if session_of(each.name) == session and not each.over]
        for capture in running:
            capture.then = removing
        if not running and not self._writer.put(removing):
            logger.error("the capture of session %s could not be deleted: too much waits", session)

    def _remove(self, session: str) -> None:
        try:
            remove(self._options.directory, session)
        except OSError as error:
            logger.error("the capture of session %s could not be deleted: %s", session, error.strerror)

    def _make_room(self, in_use: frozenset[str]) -> None:
        try:
            self._options.directory.mkdir(parents=True, exist_ok=True)
            make_room(self._options.directory, self._options.total_bytes, in_use)
        except OSError as error:
            logger.error("no room for captures in %s: %s", self._options.directory, error.strerror)


class SessionCapture(SessionObserver):
    """One session on its way to the writer."""

    def __init__(self, sink: TraceSink, writer: Writer, options: CaptureOptions, now: Now) -> None:
        self._sink = sink
        self._writer = writer
        self._options = options
        self._now = now
        self.name = sink.base.name
        self.over = False
        self.then: Callable[[], None] | None = None
        """What is to be done when all of it is written."""
        self._frames = 0
        self._lost = 0
        self._prompts = PromptShortener()

    def begin(self, opened: Opened, started: str) -> None:
        """The head of the trace."""
        config = opened.config
        head = {
            "k": "head",
            "version": VERSION,
            "session": opened.session,
            "started": started,
            "config": encode(config),
            **self._options.about,
            "rates_hz": {"in": config.input_rate_hz, "out": config.output_rate_hz},
            "left_out": self._options.sink.redaction.left_out,
        }
        self._put(lambda: head)

    def received(self, data: str | bytes) -> None:
        """The client's own words."""
        at_ms = self._now()
        if isinstance(data, bytes):
            self._put(lambda: {"k": "in", "at": at_ms}, "in", data)
        else:
            self._put(lambda: {"k": "in", "at": at_ms, **_text(data)})

    def sent(self, item: Fact | Notice, seq: int, t_ms: int, messages: Sequence[str]) -> None:
        """The messages as they went out."""
        for message in messages:
            self._put(partial(_out, t_ms, message))

    def sent_audio(self, frame: AudioFrame, messages: Sequence[str]) -> None:
        """The frame as it went out, and what went with it."""
        place = {"response": frame.response, "position": frame.position, "last": frame.last}
        at_ms = self._now()
        for message in messages:
            self._put(partial(_out, at_ms, message))
        self._put(lambda: {"k": "out", "at": at_ms, **place}, "out", frame.pcm)

    def decided(self, decision: Decision) -> None:
        """What the core was told, and what it said."""
        self._put(lambda: {"k": "core", **self._prompts.shortened(record_of(decision))})

    def watched(self, models: Models) -> Models:
        """Note what the detectors and the voice say."""
        rate_hz = models.synthesizer.sample_rate_hz
        self._put(lambda: {"k": "voice", "at": 0, "rate_hz": rate_hz})
        return noted(models, self._heard, self._spoken)

    def closed(self, farewell: Farewell | None) -> None:
        """The last record."""
        self.over = True
        at_ms = self._now()
        why = farewell.value if farewell else "the client was lost"
        self._put(lambda: {"k": "end", "at": at_ms, "farewell": why})
        self._writer.put(self._sink.close)
        if self.then and not self._writer.put(self.then):
            logger.error("the capture %s could not be deleted: too much waits", self.name)

    def _heard(self, gate: float, judge: float | None) -> None:
        self._frames += 1
        at_ms, frame = self._now(), self._frames
        likely = None if judge is None else round(judge, 6)
        self._put(lambda: {"k": "vad", "at": at_ms, "frame": frame, "gate": gate, "judge": likely})

    def _spoken(self, text: str, chunk: SpeechChunk) -> None:
        at_ms = self._now()
        words = [encode(word) for word in chunk.words]
        record = {"k": "voice", "at": at_ms, "text": text, "words": words}
        self._put(lambda: record, "voice", to_bytes(chunk.samples))

    def _put(self, make: Make, track: str | None = None, pcm: bytes = b"") -> None:
        if self._lost and self._writer.put(partial(self._sink.write, partial(_gap, self._now(), self._lost))):
            self._lost = 0
        if self._lost or not self._writer.put(partial(self._sink.write, make, track, pcm)):
            self._lost += 1
            self._options.sink.lost("queue", 1)


def _gap(at_ms: int, lost: int) -> Record:
    return {"k": "gap", "at": at_ms, "why": "queue", "lost": lost}


def _out(at_ms: int, message: str) -> Record:
    return {"k": "out", "at": at_ms, **_text(message)}


def _text(data: str) -> dict[str, Any]:
    """A JSON object as such, so that the trace can be read; anything else as the text that it is."""
    try:
        message = json.loads(data)
    except ValueError:
        message = None
    return {"message": message} if isinstance(message, dict) else {"text": data}
