"""OpenTelemetry: a span for each turn, from the end of the user's speech to the end of the answer.

Its children are the stages of the waterfall, each from the stage before. Needs the extra `telemetry`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from voice_server.core import commands
from voice_server.core.trace import Decision
from voice_server.errors import ConfigurationError
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.ports import Opened

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

NS_PER_MS = 1_000_000


def exporter(url: str) -> SpanExporter:
    """Sends spans to a collector over HTTP. Raises ConfigurationError where the extra is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise ConfigurationError(
            "telemetry.otlp_url needs OpenTelemetry: pip install 'voice-server[telemetry]', or leave it out"
        ) from None
    return OTLPSpanExporter(url)


class TurnSpans(Observer):
    """Makes the spans; a thread of OpenTelemetry's sends them, and drops what is too much."""

    def __init__(self, spans: SpanExporter) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._provider: TracerProvider = TracerProvider(
            resource=Resource.create({"service.name": "voice-server"})
        )
        self._provider.add_span_processor(BatchSpanProcessor(spans))

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """The turns of one session."""
        return _SessionSpans(self._provider.get_tracer("voice_server"), opened.session, now)

    def flush(self) -> None:
        """Send what there is, now."""
        self._provider.force_flush()

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


class _SessionSpans(SessionObserver):
    def __init__(self, tracer: Any, session: str, now: Now) -> None:
        self._tracer = tracer
        self._session = session
        self._start_ns = time.time_ns() - now() * NS_PER_MS
        self._turns: dict[int, int] = {}
        self._began_ms: dict[int, int] = {}

    def decided(self, decision: Decision) -> None:
        for command in decision.commands:
            if isinstance(command, commands.ResponseBegan):
                self._turns[command.response] = command.turn
                self._began_ms[command.response] = decision.now_ms
            elif isinstance(command, commands.ResponseEnded):
                self._end(command, decision.now_ms)

    def _end(self, ended: commands.ResponseEnded, now_ms: int) -> None:
        began_ms = self._began_ms.pop(ended.response, now_ms)
        origin_ms = began_ms - ended.latency.get("turn_end", 0)
        turn = {"voice.session": self._session, "voice.turn": self._turns.pop(ended.response, 0)}
        span = self._tracer.start_span(
            "turn",
            start_time=self._ns(origin_ms),
            attributes={**turn, "voice.response": ended.response, "voice.status": ended.status},
        )
        self._stages(span, origin_ms, ended.latency)
        span.end(self._ns(now_ms))

    def _stages(self, turn: Any, origin_ms: int, latency: dict[str, int]) -> None:
        from opentelemetry.trace import set_span_in_context

        within, before_ms = set_span_in_context(turn), 0
        for stage, at_ms in sorted(latency.items(), key=lambda each: each[1]):
            span = self._tracer.start_span(stage, context=within, start_time=self._ns(origin_ms + before_ms))
            span.end(self._ns(origin_ms + at_ms))
            before_ms = at_ms

    def _ns(self, session_ms: int) -> int:
        return self._start_ns + session_ms * NS_PER_MS
