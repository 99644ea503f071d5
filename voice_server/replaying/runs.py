"""The ways to run a captured session again: from memory, or with real models."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voice_server.core.trace import encode
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.observing.background import Immediate
from voice_server.observing.capture import CaptureOptions, SessionCapture
from voice_server.observing.trace_file import Trace
from voice_server.observing.trace_sink import Record, TraceSink
from voice_server.ports import Models, Opened
from voice_server.replaying.changes import Setup
from voice_server.replaying.memories import remembered
from voice_server.replaying.patient_clock import PatientClock
from voice_server.replaying.remembering_models import remembering
from voice_server.replaying.rerun import Rerun
from voice_server.replaying.ruler import Ruler
from voice_server.replaying.waiting_models import waiting


def run_from_memory(trace: Trace, setup: Setup, observers: Sequence[Observer] = ()) -> list[Record]:
    """With models that answer as they did. Returns the core's records."""
    clock, ruler = PatientClock(), Ruler()
    models = remembering(trace, remembered(trace.of("core")), clock, ruler)
    return asyncio.run(Rerun(trace, setup, clock, ruler, observers).run(models))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which models are asked anew; those that listen always are.

    The others draw at random: with them, two runs are not the same, and that is not what one compares.
    """

    models: Models
    language_model: bool = False
    synthesizer: bool = False


def run_with_models(
    trace: Trace, setup: Setup, asked: Asked, observers: Sequence[Observer] = ()
) -> list[Record]:
    """With these models, which take as long as those took in the session, in the median."""
    clock = PatientClock()
    memories = remembered(trace.of("core"))
    memory = remembering(trace, memories, clock, Ruler())
    real = waiting(asked.models, memories.latencies(), clock)
    models = replace(
        real,
        language_model=real.language_model if asked.language_model else memory.language_model,
        synthesizer=real.synthesizer if asked.synthesizer else memory.synthesizer,
        tools=memory.tools,  # a lamp is not to be switched again
    )
    return asyncio.run(Rerun(trace, setup, clock, None, observers).run(models))


class NewTrace(Observer):
    """Writes a session in virtual time down, as the server would; the same to the byte each time."""

    def __init__(self, trace: Trace, setup: Setup, path: Path) -> None:
        self._started = str(trace.head.get("started", ""))
        self._setup = setup
        self._base = path.with_name(path.name.removesuffix(".jsonl"))
        runtime = dict(trace.head.get("runtime", {}))
        about = {
            "server": trace.head.get("server"),
            "again": True,
            "policy": encode(setup.options.policy),
            "runtime": {**runtime, "lead_ms": setup.options.lead_ms},
            "models": trace.head.get("models", {}),
        }
        self._options = CaptureOptions(path.parent, about)

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """Anew: what was there under this name is gone."""
        for suffix in (".jsonl", ".in.pcm", ".out.pcm", ".voice.pcm"):
            self._base.with_name(self._base.name + suffix).unlink(missing_ok=True)
        capture = SessionCapture(TraceSink(self._base, self._options.sink), Immediate(), self._options, now)
        capture.begin(replace(opened, config=self._setup.config), self._started)
        return capture
