"""Counts and times what happens, for `Metrics`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from voice_server.audio.rates import BYTES_PER_SAMPLE
from voice_server.core import commands, events
from voice_server.core.trace import Decision
from voice_server.core.turns import Floor
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.observing.message_types import AUDIO, received_type, sent_type
from voice_server.observing.metrics import Metrics
from voice_server.observing.relayed_models import TimedLanguageModel
from voice_server.ports import AudioFrame, Farewell, Models, Notice, Opened, Refused

LANGUAGE_MODEL = "llm"
UNSENT = 1_000
"""So many facts at most are followed on their way out: as many as an outbox holds."""


class Counting(Observer):
    """Counts for the whole process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def connected(self) -> None:
        """One more."""
        self._metrics.connections.inc()

    def disconnected(self, lasted_ms: int) -> None:
        """One less."""
        self._metrics.connections.dec()
        self._metrics.connection_seconds.observe(lasted_ms / 1000)

    def refused(self, code: str) -> None:
        """It did not become a session."""
        self._metrics.rejects.labels(code).inc()

    def resumed(self, found: bool) -> None:
        """A client came back."""
        self._metrics.resumes.labels("resumed" if found else "not found").inc()

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """Count for one session."""
        return SessionCounting(self._metrics, opened, now)

    def ran(self, model: str, waited_ms: float, ran_ms: float) -> None:
        """A model worked."""
        self._metrics.time_model(model, waited_ms, ran_ms)


class SessionCounting(SessionObserver):
    """Counts for one session."""

    def __init__(self, metrics: Metrics, opened: Opened, now: Now) -> None:
        self._metrics = metrics
        self._now = now
        self._bytes_per_ms = opened.config.input_rate_hz * BYTES_PER_SAMPLE / 1000
        self._heard_bytes = 0
        self._input_lag_ms: float | None = None
        self._receiving: tuple[str, float] | None = None
        self._told: dict[int, tuple[commands.Fact, float]] = {}  # the fact is held, or another has its id
        self._stopped_ms: dict[int, int] = {}
        self._floor = Floor.OPEN
        metrics.sessions.labels(self._floor.value).inc()

    def received(self, data: str | bytes) -> None:
        """Count it; its time ends with `handled`."""
        kind = received_type(data)
        self._receiving = kind, time.perf_counter()
        self._metrics.messages.labels("in", kind).inc()
        self._metrics.message_bytes.labels("in", kind).inc(_size(data))
        if isinstance(data, bytes):
            self._clock_input(len(data))

    def handled(self) -> None:
        """The time of the last one ends."""
        if self._receiving:
            kind, since = self._receiving
            self._metrics.message_seconds.labels("in", kind).observe(time.perf_counter() - since)
            self._receiving = None

    def sent(self, item: commands.Fact | Notice, seq: int, t_ms: int, messages: Sequence[str]) -> None:
        """Count it, and how long it waited since it was decided."""
        kinds = [self._count_sent(message) for message in messages]
        if (told := self._told.pop(id(item), None)) and kinds:
            self._metrics.message_seconds.labels("out", kinds[0]).observe(time.perf_counter() - told[1])
        if isinstance(item, Refused):
            self._metrics.rejects.labels(item.code).inc()

    def sent_audio(self, frame: AudioFrame, messages: Sequence[str]) -> None:
        """Count it, and what went with it."""
        for message in messages:
            self._count_sent(message)
        self._metrics.messages.labels("out", AUDIO).inc()
        self._metrics.message_bytes.labels("out", AUDIO).inc(len(frame.pcm))

    def _count_sent(self, message: str) -> str:
        kind = sent_type(message)
        self._metrics.messages.labels("out", kind).inc()
        self._metrics.message_bytes.labels("out", kind).inc(len(message.encode()))
        return kind

    def exchanged(self, rtt_ms: int) -> None:
        """How far the client is."""
        self._metrics.round_trip.observe(rtt_ms / 1000)

    def decided(self, decision: Decision) -> None:
        """Count what was decided."""
        self._move(decision.floor)
        for command in decision.commands:
            if isinstance(command, commands.Fact):
                self._follow(command)
            self._count(command, decision)

    def watched(self, models: Models) -> Models:
        """Time the language model: it has threads of its own, or is another server's."""
        timed = TimedLanguageModel(models.language_model, partial(self._metrics.time_model, LANGUAGE_MODEL))
        return replace(models, language_model=timed)

    def closed(self, farewell: Farewell | None) -> None:
        """It is over."""
        self._metrics.sessions.labels(self._floor.value).dec()
        self._metrics.sessions_ended.labels(farewell.name.lower() if farewell else "lost").inc()

    def _follow(self, fact: commands.Fact) -> None:
        self._told[id(fact)] = fact, time.perf_counter()
        if len(self._told) > UNSENT:  # some are never sent: a newer partial says more
            del self._told[next(iter(self._told))]

    def _move(self, floor: Floor) -> None:
        if floor is not self._floor:
            self._metrics.sessions.labels(self._floor.value).dec()
            self._metrics.sessions.labels(floor.value).inc()
            self._floor = floor

    def _count(self, command: commands.Command, decision: Decision) -> None:
        match command:
            case commands.ResponseEnded():
                self._count_response(command)
            case commands.ResponseStopped():
                self._count_stop(command, decision)
            case commands.ResponseResumed(response=response):
                if (stopped_ms := self._stopped_ms.pop(response, None)) is not None:
                    self._metrics.taken_back.observe((decision.now_ms - stopped_ms) / 1000)

    def _count_response(self, ended: commands.ResponseEnded) -> None:
        self._metrics.responses.labels(ended.status).inc()
        self._stopped_ms.pop(ended.response, None)
        for stage, at_ms in ended.latency.items():
            self._metrics.stages.labels(stage).observe(at_ms / 1000)
        if "turn_end" in ended.latency and "first_playback" in ended.latency:
            self._metrics.turn_gap.observe(ended.latency["first_playback"] / 1000)

    def _count_stop(self, stop: commands.ResponseStopped, decision: Decision) -> None:
        self._metrics.stops.labels(stop.reason).inc()
        self._stopped_ms[stop.response] = decision.now_ms
        if stop.reason == "barge_in" and isinstance(decision.event, events.SpeechStarted):
            onset_ms = stop.at_ms + (self._input_lag_ms or 0)
            self._metrics.barge_in_stop.observe(max(0.0, decision.now_ms - onset_ms) / 1000)

    def _clock_input(self, size: int) -> None:
        """How far the input clock is behind the session's when nothing is late: the least seen."""
        self._heard_bytes += size
        lag_ms = self._now() - self._heard_bytes / self._bytes_per_ms
        known_ms = self._input_lag_ms
        self._input_lag_ms = lag_ms if known_ms is None else min(known_ms, lag_ms)


def _size(data: str | bytes) -> int:
    return len(data if isinstance(data, bytes) else data.encode())
