"""A session on a virtual clock: a microphone, a client's messages, models that follow a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from tests.runtime.fake_link import FakeLink, Played, Told
from tests.runtime.staged_models import RATE_HZ, after, word_by_word
from voice_server.adapters.scripted_listening import (
    ScriptedTranscriber,
    ScriptedTurnDetector,
    ScriptedVoiceDetector,
    said,
)
from voice_server.adapters.scripted_speaking import Replies, ScriptedLanguageModel, ScriptedSynthesizer
from voice_server.audio.pcm import to_bytes
from voice_server.audio.rates import BYTES_PER_SAMPLE, FRAME_MS, ms_to_samples
from voice_server.core import commands as facts
from voice_server.core.conversation import Message
from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig
from voice_server.core.trace import Decision, Record, head_of, record_of
from voice_server.errors import ModelError
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.ports import AudioFrame, Hypothesis, Models, NoTools, Opened, ToolRunner, VoiceDetector
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.inbound import Heard, Inbound
from voice_server.runtime.options import RuntimeOptions
from voice_server.runtime.session import SessionRunner

CONFIG = SessionConfig(output_rate_hz=RATE_HZ)
OPTIONS = RuntimeOptions(lead_ms=300, heartbeat_ms=10_000, stall_limit_ms=2_000)
QUESTION = "What time is it?"
LOUD, QUIET = 8_000, 0
MS_PER_LETTER = 50

Kind = TypeVar("Kind")


class Tracer(Observer, SessionObserver):
    """Writes down what the core was told and decided."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """Look on at this session."""
        self.records.append(head_of(opened.config, OPTIONS.policy))
        return self

    def decided(self, decision: Decision) -> None:
        """One more record."""
        self.records.append(record_of(decision))


@dataclass
class Stage:
    """What a test needs to play a session, and to see what became of it."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    config: SessionConfig = CONFIG
    options: RuntimeOptions = OPTIONS

    def __post_init__(self) -> None:
        self.link = FakeLink(self.clock)
        self.replies: Replies = word_by_word(self.clock)
        """How the language model answers, from now on."""
        self.language_model = ScriptedLanguageModel(lambda call, messages: self.replies(call, messages))
        self.before_clause = after(self.clock, 40)
        """What the synthesizer waits for before each clause."""
        self.synthesizer = ScriptedSynthesizer(MS_PER_LETTER, RATE_HZ, lambda text: self.before_clause(text))
        self.hypothesis: Hypothesis | ModelError = said(QUESTION)
        """What the transcriber makes of whatever it hears, from now on."""
        self.transcriber = ScriptedTranscriber(lambda call, samples: self._transcribed())
        self.turns = ScriptedTurnDetector()
        self.gate: VoiceDetector = ScriptedVoiceDetector()
        self.judge: VoiceDetector = ScriptedVoiceDetector()
        self.tools: ToolRunner = NoTools()
        self.tracer = Tracer()
        self.taken_ms = 0
        """Sound that the session has taken from the client."""
        self._inbound: asyncio.Queue[Inbound | None] = asyncio.Queue()

    # ── the client ──

    async def speak(self, ms: int) -> None:
        """The user speaks."""
        await self._hear(LOUD, ms)

    async def rest(self, ms: int) -> None:
        """The user is silent."""
        await self._hear(QUIET, ms)

    async def wait(self, ms: int) -> None:
        """Nothing comes from the client, not even silence."""
        await self.clock.advance(ms)

    async def tell(self, item: Inbound) -> None:
        """The client sends a message."""
        self._inbound.put_nowait(item)
        await self.clock.settle()

    def send(self, item: Inbound) -> None:
        """The client sends, whether or not anybody reads."""
        self._inbound.put_nowait(item)

    async def hang_up(self) -> None:
        """The connection is lost."""
        self.link.leave()
        await self.say_no_more()

    async def say_no_more(self) -> None:
        """What the client sends has come to its end."""
        self._inbound.put_nowait(None)
        await self.clock.settle()

    async def ask(self, answer_begins_in_ms: int = 2_000) -> int:
        """Ask the question and wait until the answer sounds. Returns its id."""
        await self.speak(800)
        for _ in range(answer_begins_in_ms // FRAME_MS):
            if frames := self.frames():
                return frames[0].response
            await self.rest(FRAME_MS)
        raise AssertionError("no answer")

    async def _hear(self, level: int, ms: int) -> None:
        for _ in range(ms // FRAME_MS):
            self._inbound.put_nowait(self.sound(level))
            await self.clock.advance(FRAME_MS)

    def sound(self, level: int, ms: int = FRAME_MS) -> Heard:
        """So much of the microphone, at its rate."""
        samples = ms_to_samples(ms, self.config.input_rate_hz)
        return Heard(to_bytes(np.full(samples, level, np.int16)))

    def _transcribed(self) -> Hypothesis:
        if isinstance(self.hypothesis, ModelError):
            raise self.hypothesis
        return self.hypothesis

    # ── what became of it ──

    def told(self, kind: type[Kind]) -> list[Kind]:
        """All facts or notices of this kind that the client was sent."""
        return [e.item for e in self.link.received if isinstance(e, Told) and isinstance(e.item, kind)]

    def frames(self, response: int | None = None) -> list[AudioFrame]:
        """The audio of this response, or of all."""
        played = [entry.frame for entry in self.link.received if isinstance(entry, Played)]
        return [frame for frame in played if response in (None, frame.response)]

    def frames_after(self, kind: type, response: int) -> list[AudioFrame]:
        """The audio of this response that came after the last fact of this kind."""
        received = self.link.received
        last = max(i for i, e in enumerate(received) if isinstance(e, Told) and isinstance(e.item, kind))
        played = [entry.frame for entry in received[last:] if isinstance(entry, Played)]
        return [frame for frame in played if frame.response == response]

    @property
    def prompts(self) -> list[tuple[Message, ...]]:
        """What the language model was asked."""
        return [messages for messages, _ in self.language_model.requests]

    def words(self, response: int) -> list[Word]:
        """When its words sound, as the client was told."""
        return [
            w for placed in self.told(facts.WordsPlaced) if placed.response == response for w in placed.words
        ]

    def time_of(self, kind: type) -> int:
        """When the client was first told a fact of this kind, on the clock."""
        return next(e.at_ms for e in self.link.received if isinstance(e, Told) and isinstance(e.item, kind))

    def sounded_at_ms(self, response: int) -> int:
        """When its first audio arrived."""
        received = self.link.received
        return next(e.at_ms for e in received if isinstance(e, Played) and e.frame.response == response)

    def done(self, response: int) -> facts.ResponseEnded:
        """The one ending of this response."""
        (ended,) = [fact for fact in self.told(facts.ResponseEnded) if fact.response == response]
        return ended

    # ── running it ──

    def models(self) -> Models:
        """Those that the session runs with."""
        return Models(
            gate=self.gate,
            judge=self.judge,
            turns=self.turns,
            transcriber=self.transcriber,
            language_model=self.language_model,
            synthesizer=self.synthesizer,
            tools=self.tools,
        )

    async def inbound(self) -> AsyncGenerator[Inbound, None]:
        """What the client sends, until the connection is lost."""
        while (item := await self._inbound.get()) is not None:
            if isinstance(item, Heard):
                self.taken_ms += len(item.pcm) // BYTES_PER_SAMPLE * 1000 // self.config.input_rate_hz
            yield item

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """The session. In the end the client leaves, and nothing of the session may be left."""
        before = asyncio.all_tasks()
        opened = Opened("s_1", "token", self.config)
        self.runner = SessionRunner(opened, self.models(), self.clock, self.options, self.tracer)
        session = asyncio.create_task(self.runner.run(self.link, self.inbound()))
        try:
            await self.clock.settle()
            yield session
        finally:
            await self.hang_up()
            await self.clock.advance(self.options.stall_limit_ms)
        assert session.done(), "the session goes on without its client"
        await session
        assert asyncio.all_tasks() - before == set()
        assert self.language_model.running == 0
