"""How long `voice-server replay` takes over an hour: read from its file, and every decision compared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from voice_server.audio.rates import FRAME_MS, INPUT_HZ, frame_bytes
from voice_server.bench.core import HOUR_MS, Talk
from voice_server.core import commands, events
from voice_server.core.policy import SessionConfig
from voice_server.observing.capture import VERSION
from voice_server.observing.prompts import PromptShortener
from voice_server.observing.trace_sink import Record, SinkOptions, TraceSink
from voice_server.replaying.decisions import compare_decisions

REPORT_MS = 200
REPORTS = 25
"""So many for each time that an answer begins to sound: five seconds of it."""
TRIALS = 5


class ReportedTalk(Talk):
    """A client that says every 200 ms how far it has played, as ours does."""

    def _answers(self, command: commands.Command) -> list[tuple[int, events.Event]]:
        answers = super()._answers(command)
        if isinstance(command, commands.Play):
            times_ms = range(REPORT_MS, REPORT_MS * (REPORTS + 1), REPORT_MS)
            answers += [(ms, events.PlaybackReported(command.response, ms)) for ms in times_ms]
        return answers


@dataclass(frozen=True, slots=True)
class HourReplayed:
    """The trace, and the time of each trial."""

    trace_bytes: int
    decisions: int
    took_s: list[float]


def measure(length_ms: int = HOUR_MS, trials: int = TRIALS) -> HourReplayed:
    """Write the conversation as a capture would, and replay it. Raises AssertionError where it differs."""
    with tempfile.TemporaryDirectory() as directory:
        path = write_trace(Path(directory) / "hour", length_ms)
        compared = [compare_decisions(path) for _ in range(trials)]
        if any(each.differences or each.notes for each in compared):
            raise AssertionError("the core decided otherwise, or the trace is not whole")
        took_s = [each.took_s for each in compared]
        return HourReplayed(path.stat().st_size, compared[0].decisions, took_s)


def write_trace(base: Path, length_ms: int) -> Path:
    """A trace without sound files: records of every frame both ways, of the detectors, and of the core."""
    config = SessionConfig(output_rate_hz=INPUT_HZ)
    talk = ReportedTalk(config)
    talk.hold(length_ms)
    head, *core = talk.records
    sink = TraceSink(base, SinkOptions())
    rates = {"in": INPUT_HZ, "out": INPUT_HZ}
    kept = {"config": head["config"], "policy": head["policy"], "rates_hz": rates, "left_out": []}
    for record in ({"k": "head", "version": VERSION, **kept}, *_records(core)):
        sink.write(lambda record=record: record)  # type: ignore[misc]
    sink.close()
    return base.with_name(f"{base.name}.jsonl")


def _records(core: list[Record]) -> Iterator[Record]:
    prompts, frames, at_ms = PromptShortener(), count(), 0
    for record in core:
        while at_ms < record["at"]:
            at_ms += FRAME_MS
            yield from _frame(next(frames), at_ms)
        yield {"k": "core", **prompts.shortened(record)}
    yield {"k": "end", "at": at_ms, "farewell": "the session ended"}


def _frame(number: int, at_ms: int) -> list[Record]:
    size = frame_bytes(INPUT_HZ)
    audio = [number * size, size]
    place = {"response": 1, "position": number * size // 2, "last": False}
    return [
        {"k": "in", "at": at_ms, "audio": audio},
        {"k": "vad", "at": at_ms, "frame": number + 1, "gate": 1.0, "judge": 0.123456},
        {"k": "out", "at": at_ms, **place, "audio": audio},
    ]


def main() -> None:
    """Print the numbers."""
    hour = measure()
    times = ", ".join(f"{took_s:.2f}" for took_s in hour.took_s)
    print(f"an hour, {hour.trace_bytes / 1e6:.0f} MB, {hour.decisions} decisions: replayed in {times} s")


if __name__ == "__main__":
    main()
