"""A captured session once more, through the real runtime, on a clock that does not wait.

What the client did (its sound, its typed turns, its stop button) happens again at its moments, whatever
protocol it spoke. Where the loudspeaker was follows from time alone: the client's reports were about other
responses. A connection that was lost is not lost again.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from voice_server.audio.pcm import to_bytes
from voice_server.audio.rates import BYTES_PER_SAMPLE, INPUT_HZ
from voice_server.core.events import Configured
from voice_server.core.trace import Decision, record_of
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.observing.several import Several
from voice_server.observing.trace_file import Trace
from voice_server.observing.trace_sink import Record
from voice_server.ports import Models, Opened
from voice_server.replaying.changes import Setup, setup_of
from voice_server.replaying.paper import PaperLink
from voice_server.replaying.patient_clock import PatientClock
from voice_server.replaying.ruler import Ruler
from voice_server.replaying.wishes import Change, wishes
from voice_server.runtime.inbound import Heard, Inbound
from voice_server.runtime.session import SessionRunner

STEP_MS = 200
PATIENCE_MS = 60_000
"""So long after the recorded end a session may still take."""
ABOUT_OTHERS = {"playback", "ack", "ping", "pong"}
"""What a client says about what it was sent then."""


@dataclass(slots=True)
class Rerun:
    """One run. `ruler`: its sound says only when it is, for models that answer from memory."""

    trace: Trace
    setup: Setup
    clock: PatientClock
    ruler: Ruler | None = None
    observers: Sequence[Observer] = ()
    decisions: list[Record] = field(default_factory=list)
    """The core's records, as in a trace."""

    async def run(self, models: Models) -> list[Record]:
        """Have the session again. Returns the core's records. Raises TraceError where sound is missing."""
        config = self.setup.config
        heard = replace(config, input_rate_hz=INPUT_HZ) if self.ruler else config
        opened = Opened(str(self.trace.head["session"]), "", heard, captured=True)
        observer = Several([_Keeping(self.decisions), *self.observers])
        options = replace(self.setup.options, resume_window_ms=0)  # who is gone in the end stays away
        runner = SessionRunner(opened, models, self.clock, options, observer)
        link = PaperLink(config.output_rate_hz, options)
        async with asyncio.TaskGroup() as tasks:
            await self._pass_time(tasks.create_task(runner.run(link, self._inbound(runner))))
        return self.decisions

    async def _pass_time(self, running: asyncio.Task[None]) -> None:
        until_ms = self.trace.end_ms + PATIENCE_MS
        while not running.done():
            await self.clock.advance(STEP_MS)
            if self.clock.now_ms() > until_ms:
                running.cancel()

    async def _inbound(self, runner: SessionRunner) -> AsyncGenerator[Inbound, None]:
        wanted = wishes(setup_of(self.trace.head).config, self.trace.of("core"))
        for at_ms, what in heapq.merge(self._arrivals(), wanted, key=lambda each: each[0]):
            await self.clock.pause(at_ms - self.clock.now_ms())
            match what:
                case str():
                    runner.watch.received(what)  # what came of it is a wish
                case _Sound(pcm, end_bytes):
                    runner.watch.received(pcm)
                    yield Heard(self._measured(end_bytes) if self.ruler else pcm)
                case Change():
                    yield Configured(what.made_to(runner.config))
                case _:
                    yield what
        await self.clock.pause(self.trace.end_ms - self.clock.now_ms())

    def _arrivals(self) -> Iterator[tuple[int, _Sound | str]]:
        kept = "sound" not in self.trace.head.get("left_out", ())
        sound = self.trace.sound("in") if kept or not self.ruler else b""
        for record in self.trace.of("in"):
            if "audio" in record:
                begin, size = record["audio"]
                yield record["at"], _Sound(sound[begin : begin + size] or bytes(size), begin + size)
            elif (text := _text(record)) is not None:
                yield record["at"], text

    def _measured(self, end_bytes: int) -> bytes:
        assert self.ruler
        end_ms = end_bytes * 1000 // (self.trace.rate_hz("in") * BYTES_PER_SAMPLE)
        return to_bytes(self.ruler.more(end_ms - self.ruler.end_ms))


@dataclass(frozen=True, slots=True)
class _Sound:
    """A piece of the client's sound, and where it ends in all of it."""

    pcm: bytes
    end_bytes: int


def _text(record: Record) -> str | None:
    """What the client sent; None where it was about what it was sent then."""
    message = record.get("message")
    if message is None:
        return str(record.get("text", ""))
    return None if message.get("type") in ABOUT_OTHERS else json.dumps(message)


class _Keeping(Observer):
    """Keeps what the core decided."""

    def __init__(self, decisions: list[Record]) -> None:
        self._decisions = decisions

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        return _KeepingSession(self._decisions)


class _KeepingSession(SessionObserver):
    def __init__(self, decisions: list[Record]) -> None:
        self._decisions = decisions

    def decided(self, decision: Decision) -> None:
        self._decisions.append(record_of(decision))
