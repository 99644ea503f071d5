"""Puts the observers together that the settings ask for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial

from voice_server import __version__
from voice_server.core.trace import encode
from voice_server.observers import Observer
from voice_server.observing.background import Background
from voice_server.observing.capture import CaptureOptions, Captures
from voice_server.observing.counting import Counting
from voice_server.observing.logs import set_up_logging
from voice_server.observing.loop_lag import LoopLag
from voice_server.observing.message_log import LogOptions, MessageLog
from voice_server.observing.metrics import Metrics
from voice_server.observing.redaction import Redaction
from voice_server.observing.several import Several
from voice_server.observing.spans import TurnSpans, exporter
from voice_server.observing.trace_sink import Record, SinkOptions
from voice_server.runtime.options import RuntimeOptions
from voice_server.settings import CaptureSettings, Settings

MIB = 2**20


@dataclass(slots=True)
class Telemetry:
    """Who looks on at this process. `start` in its event loop, `close` at its end."""

    observer: Observer
    metrics: Metrics
    threads: list[Background]
    spans: TurnSpans | None
    lag: LoopLag = field(init=False)

    def __post_init__(self) -> None:
        self.lag = LoopLag(self.metrics.loop_lag.observe)

    def start(self) -> None:
        """Measure the running event loop."""
        self.lag.start()

    def close(self) -> None:
        """Write and send what is left."""
        self.lag.stop()
        for thread in self.threads:
            thread.close()
        if self.spans:
            self.spans.close()


def telemetry(settings: Settings, runtime: RuntimeOptions) -> Telemetry:
    """What the settings ask for. Raises ConfigurationError where that cannot be."""
    set_up_logging(settings.logging.format, settings.logging.level)
    metrics, threads = Metrics(), [Background("capture"), Background("log")]
    observers: list[Observer] = [Counting(metrics)]
    if settings.logging.level in ("debug", "info"):
        observers.append(MessageLog(_log_options(settings), threads[1]))
    if settings.capture.dir:
        lost = partial(_lost, metrics)
        options = _capture_options(settings.capture, about(settings, runtime), lost)
        observers.append(Captures(options, threads[0]))
    spans = TurnSpans(exporter(settings.telemetry.otlp_url)) if settings.telemetry.otlp_url else None
    return Telemetry(Several([*observers, *([spans] if spans else [])]), metrics, threads, spans)


def about(settings: Settings, runtime: RuntimeOptions) -> Record:
    """What the head of every trace says of the server."""
    plain = asdict(runtime)
    del plain["policy"]
    names = settings.models.model_dump(include={"stt", "llm", "tts", "turn"})
    models = names | ({"llm": settings.llm.model} if settings.llm.url else {})
    return {"server": __version__, "policy": encode(runtime.policy), "runtime": plain, "models": models}


def _capture_options(capture: CaptureSettings, head: Record, lost: partial[None]) -> CaptureOptions:
    assert capture.dir
    sink = SinkOptions(Redaction(capture.words, capture.sound), capture.session_mb * MIB, lost)
    asked = capture.sessions == "asked"
    return CaptureOptions(capture.dir, head, sink, asked, capture.total_mb * MIB)


def _log_options(settings: Settings) -> LogOptions:
    logging = settings.logging
    return LogOptions(logging.audio_every, Redaction(words=logging.words))


def _lost(metrics: Metrics, why: str, count: int) -> None:
    metrics.capture_lost.labels(why).inc(count)
