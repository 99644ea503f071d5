"""One session at work: the core decides, this file does.

Everything that happens is told to the core synchronously, and the commands that come back are carried out
before anything else can happen: nothing is decided across an `await`. This is the only file that creates
tasks, all of them in the session's one TaskGroup: the reader, the ear, the outbox, the alarm clock, the
heartbeat, and for each response one task that generates and one that synthesises.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field, replace

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ, frame_bytes
from voice_server.core import commands, events
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.session import Session
from voice_server.core.trace import WatchedSession
from voice_server.observers import Observer, SessionObserver
from voice_server.ports import Clock, Farewell, Link, Models, Notice, Opened, Pinged, Ponged, Refused
from voice_server.runtime.asking import Asking
from voice_server.runtime.hearing import Hearing, HearingPolicy
from voice_server.runtime.input_buffer import InputBuffer
from voice_server.runtime.intake import Intake
from voice_server.runtime.outbox import LinkLostError, Outbox, ReaderStalledError
from voice_server.runtime.speaking import Speech
from voice_server.runtime.voicing import Voicing
from voice_server.runtime.watched_link import WatchedLink

FRAME_LIMIT = 50
"""Frames that may wait for the ear: one second. The reader waits while it is full, and so does the client."""

MISSED_HEARTBEATS = 2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound from the client, s16le at its input rate."""

    pcm: bytes


Inbound = Heard | events.Event | Notice
"""What comes in: sound, events for the core, pings to answer, and complaints to send back."""


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How sessions are run; the same for all of a process."""

    lead_ms: int = 300
    heartbeat_ms: int = 10_000
    stall_limit_ms: int = 10_000
    """A client that reads nothing for this long is given up."""
    policy: Policy = field(default_factory=Policy)
    hearing: HearingPolicy = field(default_factory=HearingPolicy)


class SessionRunner:
    """Runs one session over one link. `run` is called once and returns when the session is over."""

    def __init__(
        self,
        opened: Opened,
        models: Models,
        clock: Clock,
        link: Link,
        options: RuntimeOptions,
        observer: Observer | None = None,
    ) -> None:
        config = opened.config
        self._opened = opened
        self._clock = clock
        self._options = options
        self._start_ms = clock.now_ms()
        self._watch = (observer or Observer()).opened(opened, self._now_ms)
        models = self._watch.watched(models)
        self._link = link = WatchedLink(link, self._watch)
        session = Session(config, options.policy)
        self._session = session
        self._core = WatchedSession(session, self._watch.decided)
        self._intake = Intake(config.input_rate_hz)
        self._frames: asyncio.Queue[Pcm] = asyncio.Queue(FRAME_LIMIT)
        self._hearing = Hearing(models.gate, models.judge, options.hearing)
        self._input = InputBuffer()
        self._asking = Asking(models, clock, self._input, self._configured)
        self._voicing = Voicing(models, clock, self._configured)
        self._speeches: dict[int, Speech] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._outbox = Outbox(link, clock, self._played, options.lead_ms, config.output_rate_hz)
        self._transcription: asyncio.Task[None] | None = None
        self._priming: asyncio.Task[None] | None = None
        self._retimed = asyncio.Event()
        self._over = asyncio.Event()
        self._farewell: Farewell | None = Farewell.ENDED
        self._last_sign_ms = self._start_ms

    # ── what others may look at ──

    @property
    def id(self) -> str:
        """The session's id."""
        return self._opened.session

    @property
    def config(self) -> SessionConfig:
        """The session's configuration now."""
        return self._session.config

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that it may be configured to."""
        return self._voicing.voices

    @property
    def watch(self) -> SessionObserver:
        """Who looks on."""
        return self._watch

    @property
    def heard_ms(self) -> int:
        """The input clock: sound that has come in."""
        return self._input.end_ms

    def buffered_bytes(self, where: str) -> int:
        """Audio that waits: `in` to be heard, `out` to be sent."""
        if where == "in":
            return self._frames.qsize() * frame_bytes(INPUT_HZ)
        return sum(speech.unsent_bytes for speech in self._speeches.values())

    # ── the session's life ──

    async def run(self, inbound: AsyncIterator[Inbound]) -> None:
        """Serve until the client leaves, the session ends, or the server goes."""
        try:
            await self._serve(inbound)
        finally:
            self._watch.closed(self._farewell)

    async def _serve(self, inbound: AsyncIterator[Inbound]) -> None:
        self._outbox.put(self._opened)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                sending = self._tasks.create_task(self._outbox.pump())
                watching = self._tasks.create_task(self._outbox.watch(self._options.stall_limit_ms))
                await self._until_over(inbound)
                if self._farewell is None:
                    sending.cancel()
                await asyncio.wait([sending])
                watching.cancel()
        except* ReaderStalledError:
            self._farewell = Farewell.UNRESPONSIVE
        except* LinkLostError:
            self._farewell = None
        except* Exception:
            logger.exception("session %s ended by a bug", self._opened.session)
            self._farewell = Farewell.FAILED
        if self._farewell:
            await self._link.close(self._farewell)

    def end(self, reason: str, farewell: Farewell) -> None:
        """End the session from outside: the server goes, or somebody asked for it."""
        self._farewell = farewell
        self._tell(events.SessionEnding(reason))

    async def _until_over(self, inbound: AsyncIterator[Inbound]) -> None:
        for work in (self._read(inbound), self._listen(), self._keep_time(), self._keep_alive()):
            self._begin(work)
        await self._over.wait()
        for task in self._running:
            task.cancel()
        self._outbox.finish()

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    # ── the standing tasks ──

    async def _read(self, inbound: AsyncIterator[Inbound]) -> None:
        self._tell(events.SessionBegan())
        async for item in inbound:
            self._last_sign_ms = self._clock.now_ms()
            if isinstance(item, Heard):
                for frame in self._intake.push(item.pcm):
                    await self._frames.put(frame)
            elif isinstance(item, events.PlaybackReported):
                self._tell(self._believable(item))
            elif isinstance(item, events.Event):
                self._tell(item)
            else:
                self._answer(item)
            self._watch.handled()
        self._farewell = None
        self._tell(events.SessionEnding("disconnected"))

    def _believable(self, report: events.PlaybackReported) -> events.PlaybackReported:
        """Nobody has played more than was sent."""
        speech = self._speeches.get(report.response)
        return replace(report, played_ms=min(report.played_ms, speech.sent_ms)) if speech else report

    def _answer(self, notice: Notice) -> None:
        if isinstance(notice, Pinged):
            self._outbox.put(Ponged(notice.t))
        elif isinstance(notice, Refused):
            self._outbox.put(notice)
            if notice.farewell:
                self.end("protocol", notice.farewell)

    async def _listen(self) -> None:
        while True:
            frame = await self._frames.get()
            self._input.append(frame)
            if event := await self._hearing.hear(frame):
                self._tell(event)

    async def _keep_time(self) -> None:
        while True:
            self._retimed.clear()
            deadline_ms = self._session.next_deadline()
            await self._clock.wait(
                self._retimed, None if deadline_ms is None else self._start_ms + deadline_ms
            )
            if deadline_ms is not None and self._now_ms() >= deadline_ms:
                self._carry_out(self._core.expire(self._now_ms()))

    async def _keep_alive(self) -> None:
        interval_ms = self._options.heartbeat_ms
        while True:
            await self._clock.wait(asyncio.Event(), self._clock.now_ms() + interval_ms)
            silent_ms = self._clock.now_ms() - self._last_sign_ms
            if silent_ms >= MISSED_HEARTBEATS * interval_ms:
                raise ReaderStalledError(f"nothing has come from the client for {silent_ms} ms")
            self._outbox.put(Pinged(self._now_ms()))

    # ── events in, commands out ──

    def _now_ms(self) -> int:
        return self._clock.now_ms() - self._start_ms

    def _configured(self) -> SessionConfig:
        return self._session.config

    def _played(self, response: int) -> int:
        return self._session.played_samples(response, self._now_ms())

    def _tell(self, event: events.Event) -> None:
        self._carry_out(self._core.receive(event, self._now_ms()))

    def _carry_out(self, decided: list[commands.Command]) -> None:
        for command in decided:
            if isinstance(command, commands.Order):
                self._order(command)
            else:
                self._outbox.put(command)
            if isinstance(command, commands.SessionEnded):
                self._over.set()
        self._retimed.set()
        self._outbox.wake()

    def _order(self, order: commands.Order) -> None:
        match order:
            case commands.Transcribe():
                if self._transcription:
                    self._transcription.cancel()  # a newer hypothesis is wanted
                self._transcription = self._begin(self._asking.transcribe(order, self._tell))
            case commands.ScoreTurn():
                self._begin(self._asking.score(order, self._tell))
            case commands.Prime():
                if self._priming is None or self._priming.done():
                    self._priming = self._begin(self._voicing.prime(order))
            case commands.KeepInput():
                pass  # the buffer keeps the longest turn anyhow
            case _:
                self._about_speech(order)

    def _about_speech(self, order: commands.SpeechOrder) -> None:
        speech = self._speech(order.response)
        match order:
            case commands.Generate():
                speech.tasks.append(self._begin(self._voicing.generate(order, self._tell)))
            case commands.Synthesize():
                speech.clauses.put_nowait((order.clause, order.text))
                speech.clauses_wanted += 1
            case commands.FinishAudio():
                speech.finished = True
            case commands.Play():
                speech.play(order.position)
                self._outbox.speak(speech)
            case commands.Pause():
                speech.pause()
            case commands.Discard():
                speech.cancel()
                self._outbox.hush(speech)
                del self._speeches[order.response]

    def _speech(self, response: int) -> Speech:
        speech = self._speeches.get(response)
        if speech is None:
            speech = self._speeches[response] = Speech(response, self.config.output_rate_hz)
            speech.tasks.append(self._begin(self._voicing.synthesize(speech, self._tell, self._outbox.wake)))
        return speech
