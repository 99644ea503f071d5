"""A span for each turn, with its stages within."""

from __future__ import annotations

import pytest

from tests.observing.captured import converse
from tests.runtime.stage import Stage
from voice_server.core import commands as facts
from voice_server.observing.spans import TurnSpans

pytest.importorskip("opentelemetry.sdk", reason="needs the extra `telemetry`")


async def test_each_turn_is_a_span_and_each_stage_one_within() -> None:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    spans = TurnSpans(exporter)
    stage = Stage()
    stage.tracer = spans  # type: ignore[assignment]
    await converse(stage)
    spans.flush()
    ended = stage.told(facts.ResponseEnded)
    finished = exporter.get_finished_spans()
    spans.close()
    turns = [span for span in finished if span.name == "turn"]
    assert [dict(span.attributes or {})["voice.response"] for span in turns] == [r.response for r in ended]
    for turn, response in zip(turns, ended, strict=True):
        assert turn.start_time
        assert turn.context
        within = [s for s in finished if s.parent and s.parent.span_id == turn.context.span_id]
        ends_ms = {s.name: ((s.end_time or 0) - turn.start_time) // 1_000_000 for s in within}
        assert ends_ms == response.latency
