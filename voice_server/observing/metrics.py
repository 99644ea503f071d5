"""Numbers for Prometheus. `docs/observability/` explains them and holds a dashboard and alert rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from voice_server.core.turns import Floor

FAST_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""What should take no time: messages, queues, the event loop."""
MODEL_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
TURN_S = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.5, 2.0, 3.0, 5.0)
"""The goals of the turn gap, 0.3 and 0.7 s, are borders of buckets."""
STOP_S = (0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5)
"""The goals of the barge-in stop, 0.08 and 0.15 s, are borders of buckets."""
ROUND_TRIP_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0)
LONG_S = (1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200)

CONTENT_TYPE = CONTENT_TYPE_LATEST


class _Made:
    """Makes metrics in one registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(name, about, labels, registry=self.registry)

    def histogram(self, name: str, about: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, about, labels, buckets=buckets, registry=self.registry)


class Metrics:
    """Every metric of one process, in a registry of its own. Thread-safe."""

    def __init__(self) -> None:
        # Else there is a second series for each, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        made = _Made()
        self.registry = made.registry
        self._count_connections(made)
        self._count_messages(made)
        self._time_turns(made)
        self._time_the_machine(made)
        self._begin_at_zero()

    def _count_connections(self, made: _Made) -> None:
        self.connections = made.gauge("voice_connections", "Open connections")
        self.connection_seconds = made.histogram("voice_connection_seconds", "How long they lasted", LONG_S)
        self.round_trip = made.histogram("voice_round_trip_seconds", "Pings and their pongs", ROUND_TRIP_S)
        self.sessions = made.gauge("voice_sessions", "Sessions by who may speak", "floor")
        self.absent = made.gauge("voice_sessions_absent", "Sessions that wait for their clients to come back")
        self.sessions_ended = made.counter("voice_sessions_ended", "Sessions by how they ended", "farewell")
        self.rejects = made.counter("voice_rejects", "Connections and messages that were refused", "code")
        self.resumes = made.counter("voice_resumes", "Clients that came back to a session", "outcome")

    def _count_messages(self, made: _Made) -> None:
        labels = ("direction", "type")
        waited = "In: until it was dealt with. Out: from the decision until it was sent"
        self.messages = made.counter("voice_messages", "Messages and audio frames", *labels)
        sizes = "Bytes of audio and of messages"
        self.message_bytes = made.counter("voice_message_bytes", sizes, *labels)
        self.message_seconds = made.histogram("voice_message_seconds", waited, FAST_S, *labels)

    def _time_turns(self, made: _Made) -> None:
        gap = "End of the user's speech to the answer's first audio sent"
        self.turn_gap = made.histogram("voice_turn_gap_seconds", gap, TURN_S)
        stages = "End of the user's speech to each stage of the answer"
        self.stages = made.histogram("voice_turn_stage_seconds", stages, TURN_S, "stage")
        self.responses = made.counter("voice_responses", "Responses by their end", "status")
        stop = "Onset of the user's speech to the stop"
        self.barge_in_stop = made.histogram("voice_barge_in_stop_seconds", stop, STOP_S)
        self.stops = made.counter("voice_stops", "Stops of a sounding response", "reason")
        back = "Stop to resume, of false stops"
        self.taken_back = made.histogram("voice_stops_taken_back_seconds", back, TURN_S)

    def _time_the_machine(self, made: _Made) -> None:
        self.model_wait = made.histogram("voice_model_wait_seconds", "Time in the queue", MODEL_S, "model")
        self.model_run = made.histogram("voice_model_run_seconds", "Time in a thread", MODEL_S, "model")
        self.loop_lag = made.histogram("voice_event_loop_lag_seconds", "How late timers ring", FAST_S)
        waiting = "What waits: audio to be heard, audio to be sent, messages to be acknowledged"
        self.store_away = made.gauge("voice_store_away", "1 while sessions cannot be written to the store")
        self.buffered = made.gauge("voice_buffered_bytes", waiting, "where")
        self.capture_lost = made.counter("voice_capture_lost", "Records that no capture holds", "why")

    def watch_buffers(self, buffered: Callable[[str], int]) -> None:
        """`buffered("in")`, "out" and "kept" say how many bytes wait, when they are asked."""
        for where in ("in", "out", "kept"):
            self.buffered.labels(where).set_function(partial(buffered, where))

    def watch_store(self, away: Callable[[], bool]) -> None:
        """`away()` says whether sessions cannot be written, when it is asked."""
        self.store_away.set_function(away)

    def watch_absent(self, absent: Callable[[], int]) -> None:
        """`absent` says how many sessions wait for their clients, when it is asked."""
        self.absent.set_function(absent)

    def time_model(self, model: str, waited_ms: float, ran_ms: float) -> None:
        """A piece of work of this model."""
        self.model_wait.labels(model).observe(waited_ms / 1000)
        self.model_run.labels(model).observe(ran_ms / 1000)

    def exposition(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)

    def _begin_at_zero(self) -> None:
        """A rate of something that has not happened yet is 0, not unknown."""
        for floor in Floor:
            self.sessions.labels(floor.value)
        for why in ("queue", "disk", "limit"):
            self.capture_lost.labels(why)
        for outcome in ("resumed", "not found"):
            self.resumes.labels(outcome)
        for reason in ("barge_in", "client", "replaced", "error"):
            self.stops.labels(reason)
