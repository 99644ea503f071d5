"""Numbers for Prometheus. `docs/observability/` explains them and holds a dashboard and alert rules."""

from __future__ import annotations

from collections.abc import Callable
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
LONG_S = (1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200)

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Every metric of one process, in a registry of its own. Thread-safe."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads
        self.registry = registry = CollectorRegistry()
        # connections and sessions
        self.connections = Gauge("voice_connections", "Open connections", registry=registry)
        self.connection_seconds = Histogram(
            "voice_connection_seconds", "How long connections lasted", buckets=LONG_S, registry=registry
        )
        self.sessions = Gauge("voice_sessions", "Sessions by who may speak", ["floor"], registry=registry)
        self.sessions_ended = Counter(
            "voice_sessions_ended", "Sessions by how they ended", ["farewell"], registry=registry
        )
        self.rejects = Counter(
            "voice_rejects", "Connections and messages that were refused", ["code"], registry=registry
        )
        self.resumes = Counter(
            "voice_resumes", "Clients that came back to a session", ["outcome"], registry=registry
        )
        # messages
        self.messages = Counter(
            "voice_messages", "Messages and audio frames", ["direction", "type"], registry=registry
        )
        self.message_bytes = Counter(
            "voice_message_bytes", "Bytes of audio and of clients' messages", ["direction", "type"],
            registry=registry,
        )  # fmt: skip
        self.message_seconds = Histogram(
            "voice_message_seconds", "In: until it was dealt with. Out: from the decision until it was sent",
            ["direction", "type"], buckets=FAST_S, registry=registry,
        )  # fmt: skip
        # turns
        self.turn_gap = Histogram(
            "voice_turn_gap_seconds", "End of the user's speech to the answer's first audio sent",
            buckets=TURN_S, registry=registry,
        )  # fmt: skip
        self.stages = Histogram(
            "voice_turn_stage_seconds", "End of the user's speech to each stage of the answer", ["stage"],
            buckets=TURN_S, registry=registry,
        )  # fmt: skip
        self.responses = Counter("voice_responses", "Responses by their end", ["status"], registry=registry)
        self.barge_in_stop = Histogram(
            "voice_barge_in_stop_seconds", "Onset of the user's speech to the stop", buckets=STOP_S,
            registry=registry,
        )  # fmt: skip
        self.stops = Counter("voice_stops", "Stops of a sounding response", ["reason"], registry=registry)
        self.taken_back = Histogram(
            "voice_stops_taken_back_seconds", "Stop to resume, of false stops", buckets=TURN_S,
            registry=registry,
        )  # fmt: skip
        # models and machine
        self.model_wait = Histogram(
            "voice_model_wait_seconds", "Time in the queue", ["model"], buckets=MODEL_S, registry=registry
        )
        self.model_run = Histogram(
            "voice_model_run_seconds", "Time in a thread", ["model"], buckets=MODEL_S, registry=registry
        )
        self.loop_lag = Histogram(
            "voice_event_loop_lag_seconds", "How late timers ring", buckets=FAST_S, registry=registry
        )
        self.buffered = Gauge(
            "voice_buffered_bytes", "Audio that waits: to be heard, or to be sent", ["where"],
            registry=registry,
        )  # fmt: skip
        self.capture_lost = Counter(
            "voice_capture_lost", "Records that no capture holds", ["why"], registry=registry
        )
        self._begin_at_zero()

    def watch_buffers(self, buffered: Callable[[str], int]) -> None:
        """`buffered("in")` and `buffered("out")` say how many bytes wait, when they are asked."""
        for where in ("in", "out"):
            self.buffered.labels(where).set_function(partial(buffered, where))

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
