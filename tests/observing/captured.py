"""A conversation on the virtual stage that is captured: a question, an answer, and a noise over it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from pathlib import Path

from tests.runtime.stage import OPTIONS, Stage
from tests.runtime.staged_models import ANSWER, word_by_word
from voice_server.adapters.scripted_listening import NOTHING, said
from voice_server.core.trace import encode
from voice_server.observers import Now, SessionObserver
from voice_server.observing.background import Immediate, Writer
from voice_server.observing.capture import CaptureOptions, Captures
from voice_server.observing.trace_sink import SinkOptions
from voice_server.ports import Opened
from voice_server.runtime.inbound import Heard, Inbound

RUNTIME = {name: value for name, value in dataclasses.asdict(OPTIONS).items() if name != "policy"}
ABOUT = {"server": "test", "policy": encode(OPTIONS.policy), "runtime": RUNTIME, "models": {"stt": "script"}}


class AllCaptured(Captures):
    """Whoever is told."""

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """As if its client had been told."""
        return super().opened(dataclasses.replace(opened, captured=True), now)


class CapturedStage(Stage):
    """The stage, with captures in `directory`."""

    def __init__(
        self, directory: Path, sink: SinkOptions | None = None, writer: Writer | None = None
    ) -> None:
        super().__init__()
        options = CaptureOptions(directory, ABOUT, sink or SinkOptions())
        self.tracer = AllCaptured(options, writer or Immediate())  # type: ignore[assignment]

    async def inbound(self) -> AsyncGenerator[Inbound, None]:
        """As the transport does it: what comes is seen before it is understood."""
        async for item in super().inbound():
            if isinstance(item, Heard):
                self.runner.watch.received(item.pcm)
            yield item


async def converse(stage: Stage) -> int:
    """Ask, hear, cough over the answer, and hear it to its end. Returns the answer's id."""
    stage.replies = word_by_word(stage.clock, f"{ANSWER} {ANSWER}")
    async with stage.running():
        response = await stage.ask()
        await stage.rest(600)
        stage.hypothesis = NOTHING
        await stage.speak(100)
        await stage.rest(9_000)
        stage.hypothesis = said("Thank you.")
        await stage.speak(500)
        await stage.rest(9_000)
    return response


async def captured(directory: Path, sink: SinkOptions | None = None) -> Path:
    """The trace of such a conversation."""
    await converse(CapturedStage(directory, sink))
    return trace_in(directory)


def trace_in(directory: Path) -> Path:
    """The only trace there."""
    (trace,) = directory.glob("*.jsonl")
    return trace


def sizes_in(directory: Path) -> dict[str, int]:
    """Every file there, by name."""
    return {file.name: file.stat().st_size for file in directory.iterdir()}
