"""The whole application on a real socket, with models by script."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.transports.judging import every_event_judged
from tests.transports.listening import listening
from voice_server.adapters.scripted_listening import (
    ScriptedTranscriber,
    ScriptedTurnDetector,
    ScriptedVoiceDetector,
)
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, ScriptedSynthesizer
from voice_server.app import Loaded, create_app
from voice_server.ports import Models
from voice_server.runtime.inference import ThreadWorkers
from voice_server.runtime.sessions import Sessions
from voice_server.serving import Server, server_config
from voice_server.settings import Settings
from voice_server.transports.webrtc.calls import Calls


@dataclass(frozen=True, slots=True)
class House:
    """A server that is ready."""

    url: str
    """`ws://HOST:PORT/v1/voice`"""
    sessions: Sessions
    calls: Calls
    server: Server
    complaints: list[logging.LogRecord]
    """What the server logged, from warnings on."""


def scripted_models() -> Models:
    """Every model, by script. An answer takes half a second to sound."""
    return Models(
        gate=ScriptedVoiceDetector(),
        judge=ScriptedVoiceDetector(),
        turns=ScriptedTurnDetector(),
        transcriber=ScriptedTranscriber(),
        language_model=ScriptedLanguageModel(),
        synthesizer=ScriptedSynthesizer(ms_per_letter=20),
    )


@asynccontextmanager
async def open_house(
    models: Models | None = None, address: str = "127.0.0.1", **sections: dict[str, Any]
) -> AsyncIterator[House]:
    """A server with these models at this address, and settings by section: `server={"max_sessions": 1}`."""
    settings = Settings.model_validate(sections)
    loaded = Loaded(models or scripted_models(), ThreadWorkers(1), ThreadWorkers(1))
    with _complaints() as complaints, every_event_judged():
        app = create_app(settings, loaded)
        logging.getLogger().addHandler(complaints)
        server = Server(server_config(app), app.state.sessions, app.state.calls)
        async with listening(server, address) as url:
            yield House(f"{url}/v1/voice", app.state.sessions, app.state.calls, server, complaints.records)


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _complaints() -> Iterator[_Complaints]:
    """The application sets up the log of its process; here the process is the tests'."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield _Complaints()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
