"""Both sides of a captured session as sound on one time axis, the session clock."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.audio.rates import BYTES_PER_SAMPLE, ms_to_samples
from voice_server.client.loudspeaker import Loudspeaker, Segment
from voice_server.client.wire import AudioFrame
from voice_server.observing.trace_file import Trace
from voice_server.observing.trace_sink import Record

PEAK_MS = 10
"""One column of a waveform."""


@dataclass(frozen=True, slots=True)
class Side:
    """Sound that begins at `start_ms`."""

    samples: Pcm
    rate_hz: int
    start_ms: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one response that sounded, or was sent."""

    response: int
    start_ms: float
    end_ms: float
    position: int
    """Its first sample within the response."""


def input_lag_ms(trace: Trace) -> float:
    """How far the session clock is ahead of the input clock where nothing was late: the least seen."""
    bytes_per_ms = trace.rate_hz("in") * BYTES_PER_SAMPLE / 1000
    lags = (r["at"] - sum(r["audio"]) / bytes_per_ms for r in trace.of("in") if "audio" in r)
    return min(lags, default=0.0)


def microphone(trace: Trace) -> Side:
    """What the user's microphone heard."""
    return Side(from_bytes(trace.sound("in")), trace.rate_hz("in"), input_lag_ms(trace))


def loudspeaker(trace: Trace) -> Loudspeaker:
    """What a client beside the server would have played, obeying every stop, however it was told."""
    rate_hz = trace.rate_hz("out")
    speaker, sound = Loudspeaker(rate_hz), _kept(trace)
    for record in trace.of("out", "core"):
        now = ms_to_samples(record["at"], rate_hz)
        if record["k"] == "out" and "audio" in record:
            speaker.receive(_frame(record, sound), now)
        for command in record.get("commands", ()):
            if command["type"] == "ResponseStopped":
                speaker.stop(command["response"], now)
            elif command["type"] == "ResponseResumed":
                speaker.resume(command["response"])
    return speaker


def heard(speaker: Loudspeaker, end_ms: int) -> Side:
    """Its sound from the session's beginning."""
    return Side(speaker.render(ms_to_samples(end_ms, speaker.rate_hz)), speaker.rate_hz, 0)


def heard_spans(speaker: Loudspeaker) -> list[Span]:
    """What of which response sounded when."""
    return list(_joined(_span(segment, speaker.rate_hz) for segment in speaker.segments))


def sent_spans(trace: Trace) -> list[Span]:
    """What of which response left when; a frame is drawn as long as it sounds."""
    rate_hz = trace.rate_hz("out")
    frames = (record for record in trace.of("out") if "audio" in record and record["audio"][1])
    spans = (
        Span(
            frame["response"],
            frame["at"],
            frame["at"] + frame["audio"][1] / BYTES_PER_SAMPLE * 1000 / rate_hz,
            frame["position"],
        )
        for frame in frames
    )
    return list(_joined(spans))


def peaks(side: Side) -> str:
    """The loudest sample of each 10 ms as a byte, 0 to 255 on a square-root scale; base64."""
    width = ms_to_samples(PEAK_MS, side.rate_hz)
    whole = len(side.samples) // width * width
    columns = np.abs(side.samples[:whole].astype(np.int32)).reshape(-1, width)
    levels = np.sqrt(columns.max(axis=1, initial=0) / 32_768) * 255 if whole else np.zeros(0)
    return base64.b64encode(levels.astype(np.uint8).tobytes()).decode()


def _kept(trace: Trace) -> bytes:
    return b"" if "sound" in trace.head.get("left_out", ()) else trace.sound("out")


def _frame(record: Record, sound: bytes) -> AudioFrame:
    begin, size = record["audio"]
    pcm = sound[begin : begin + size] or bytes(size)
    return AudioFrame(record["response"], record["position"], from_bytes(pcm), record["last"])


def _span(segment: Segment, rate_hz: int) -> Span:
    start_ms, end_ms = segment.start * 1000 / rate_hz, segment.end * 1000 / rate_hz
    return Span(segment.response, start_ms, end_ms, segment.position)


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    """Spans that follow each other as one."""
    last: Span | None = None
    for span in spans:
        if last and span.response == last.response and span.start_ms <= last.end_ms + 2 * PEAK_MS:
            end_ms = max(last.end_ms, span.end_ms)
            last = Span(last.response, last.start_ms, end_ms, last.position)
            continue
        if last:
            yield last
        last = span
    if last:
        yield last
