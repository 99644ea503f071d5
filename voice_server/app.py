"""The composition root: settings in, an ASGI application out. Only this file names concrete adapters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from fastapi import FastAPI

from voice_server.adapters.llm_llama import LlamaLanguageModel
from voice_server.adapters.llm_openai import OpenAILanguageModel
from voice_server.adapters.store_memory import MemoryStore
from voice_server.adapters.store_redis import RedisStore
from voice_server.adapters.store_sqlite import SqliteStore
from voice_server.adapters.stt_whisper import WhisperTranscriber
from voice_server.adapters.tts_piper import PiperSynthesizer
from voice_server.adapters.turn_smart import SmartTurn
from voice_server.adapters.vad_silero import SileroJudge
from voice_server.adapters.vad_webrtc import WebrtcGate
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolSpec
from voice_server.errors import ModelFileError
from voice_server.model_files import locate
from voice_server.observers import Observer
from voice_server.observing.metrics import CONTENT_TYPE
from voice_server.ports import Cores, GenerateOptions, LanguageModel, Models
from voice_server.runtime.clock import SystemClock
from voice_server.runtime.inference import ThreadWorkers
from voice_server.runtime.options import RuntimeOptions
from voice_server.runtime.sessions import Sessions
from voice_server.server_tools import ServerTools, server_tools
from voice_server.session_store import SessionStore
from voice_server.settings import ModelSettings, Settings, WebrtcSettings
from voice_server.telemetry import Telemetry, telemetry
from voice_server.transports.http import SessionRoutes, health_routes, metrics_route, page
from voice_server.transports.native import Terms
from voice_server.transports.realtime.client_secrets import ClientSecrets
from voice_server.transports.realtime.front import Front
from voice_server.transports.realtime.routes import realtime_routes
from voice_server.transports.realtime.sideband import Lines
from voice_server.transports.webrtc.calls import Calls
from voice_server.transports.webrtc.ice import IceOptions, stun_server, turn_server
from voice_server.transports.webrtc.native_calls import NativeCalls
from voice_server.transports.webrtc.rate_limit import RateLimit
from voice_server.transports.webrtc.realtime_routes import RealtimeCallRoutes
from voice_server.transports.webrtc.routes import CallRoutes
from voice_server.transports.websocket import VoiceEndpoint

OFFER_BURST = 10
"""Offers from one address at once: people behind one router who come at the same moment."""
WEB_CLIENT = Path(__file__).parent.parent / "web_client"


@runtime_checkable
class Warmable(Protocol):
    """An adapter whose first run is slow."""

    async def warm_up(self) -> None:
        """Have that run now."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The models, and the threads that they run in."""

    models: Models
    heavy: ThreadWorkers
    light: ThreadWorkers
    """For the judge alone: an onset must not wait behind a transcription."""
    tools: ServerTools = field(default_factory=ServerTools)

    def report_to(self, observer: Observer) -> None:
        """Tell this observer of each piece of work."""
        self.heavy.report_to(observer.ran)
        self.light.report_to(observer.ran)

    async def close(self) -> None:
        """End the threads, and the connections to other servers."""
        await asyncio.to_thread(self.tools.close)
        self.heavy.close()
        self.light.close()
        match self.models.language_model:
            case LlamaLanguageModel() as model:
                model.close()
            case OpenAILanguageModel() as model:
                await model.aclose()


def create_app(settings: Settings, loaded: Loaded) -> FastAPI:
    """The application; `state` has its `sessions` and `calls`. It closes the models when it ends."""
    runtime, terms = runtime_options(settings), _terms(settings, loaded.models.synthesizer.voices)
    looking_on = telemetry(settings, runtime)
    loaded.report_to(looking_on.observer)
    sessions = _sessions(loaded.models, settings, runtime, looking_on.observer)
    looking_on.metrics.watch_buffers(sessions.buffered_bytes)
    looking_on.metrics.watch_store(lambda: sessions.store_away)
    looking_on.metrics.watch_absent(lambda: len(sessions) - sessions.attended)

    lifespan = partial(_lifespan, settings, loaded, sessions, looking_on)
    app = FastAPI(title="voice-server", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.sessions = sessions
    if settings.telemetry.metrics:
        app.include_router(metrics_route(looking_on.metrics.exposition, CONTENT_TYPE))
    _mount(app, sessions, terms, settings)
    return app


@asynccontextmanager
async def _lifespan(
    settings: Settings, loaded: Loaded, sessions: Sessions, looking_on: Telemetry, app: FastAPI
) -> AsyncIterator[None]:
    try:
        await _warm_up(loaded.models, settings)
        looking_on.start()
        async with sessions.house():
            yield
            sessions.drain()
    finally:
        await sessions.aclose()
        await loaded.close()
        looking_on.close()


def load_models(settings: Settings) -> Loaded:
    """Load every model, and the tools. Takes seconds.

    Raises ModelFileError where a file is missing or wrong, ConfigurationError where a tool cannot be used.
    """
    tools = server_tools(settings.tools)
    try:
        return _loaded(settings, tools)
    except BaseException:
        tools.close()
        raise


def _loaded(settings: Settings, tools: ServerTools) -> Loaded:
    heavy, light = ThreadWorkers(settings.models.threads), ThreadWorkers(1)
    files = settings.models
    models = Models(
        gate=WebrtcGate(),
        judge=SileroJudge(light),
        turns=SmartTurn(_file(files, "turn", "*.onnx"), heavy),
        transcriber=WhisperTranscriber(locate(files.stt, files.dir), heavy),
        language_model=_language_model(settings, heavy),
        synthesizer=PiperSynthesizer(_file(files, "tts", "*.onnx"), heavy),
        tools=tools.runner,
    )
    return Loaded(models, heavy, light, tools)


def _language_model(settings: Settings, cores: Cores) -> LanguageModel:
    llm = settings.llm
    if llm.url and llm.model:
        key = llm.api_key.get_secret_value() if llm.api_key else None
        return OpenAILanguageModel(llm.url, llm.model, key, stall_ms=llm.stall_ms)
    return LlamaLanguageModel(_file(settings.models, "llm", "*.gguf"), cores=cores)


def open_store(settings: Settings) -> SessionStore:
    """The session store. Raises ConfigurationError where it cannot be used; a Redis may still be away."""
    store = settings.store
    match store.kind:
        case "sqlite":
            return SqliteStore(store.path, store.max_mb, wall_clock_ms)
        case "redis":
            return RedisStore(store.url, store.timeout_ms)
        case "memory":
            return MemoryStore(wall_clock_ms)


def wall_clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def runtime_options(settings: Settings) -> RuntimeOptions:
    """How sessions are run."""
    return RuntimeOptions(
        lead_ms=settings.audio.lead_ms,
        heartbeat_ms=settings.session.heartbeat_ms,
        stall_limit_ms=settings.session.stall_limit_ms,
        ahead_limit_ms=settings.session.ahead_limit_ms,
        resume_window_ms=settings.session.resume_window_ms,
        max_session_ms=settings.session.max_session_ms,
        policy=settings.policy(),
    )


def _sessions(models: Models, settings: Settings, options: RuntimeOptions, observer: Observer) -> Sessions:
    config = settings.session_config(models.synthesizer.sample_rate_hz)
    store = open_store(settings) if settings.store.kind != "memory" else None  # memory: the sessions' own
    return Sessions(models, SystemClock(), options, config, settings.server.max_sessions, observer, store)


def _terms(settings: Settings, voices: tuple[str, ...]) -> Terms:
    return Terms(
        lead_ms=settings.audio.lead_ms,
        heartbeat_ms=settings.session.heartbeat_ms,
        resume_window_ms=settings.session.resume_window_ms,
        idle_ms=settings.session.idle_limit_ms,
        voices=voices,
    )


def _mount(app: FastAPI, sessions: Sessions, terms: Terms, settings: Settings) -> None:
    keys = tuple(key.get_secret_value() for key in settings.server.keys)
    start_timeout_s = settings.session.start_timeout_ms / 1000
    app.include_router(VoiceEndpoint(sessions, keys, terms, start_timeout_s).router())
    front = _realtime(sessions, settings, keys)
    app.include_router(realtime_routes(front))
    app.state.calls = calls = _calls(sessions, settings)
    if settings.webrtc.enabled:
        limit = RateLimit(settings.webrtc.offers_per_minute, OFFER_BURST)
        native = NativeCalls(sessions, terms, start_timeout_s)
        app.include_router(CallRoutes(calls, native, keys, limit).router())
        app.include_router(RealtimeCallRoutes(calls, front, limit).router())
    app.include_router(health_routes(sessions))
    app.include_router(SessionRoutes(sessions, keys).router())
    app.mount("/", page(WEB_CLIENT))


def _realtime(sessions: Sessions, settings: Settings, keys: tuple[str, ...]) -> Front:
    model = settings.llm.model or settings.models.llm
    given = ClientSecrets(lambda: wall_clock_ms() // 1000)
    return Front(sessions, keys, given, Lines(), model, settings.session.heartbeat_ms)


def _calls(sessions: Sessions, settings: Settings) -> Calls:
    start_timeout_s = settings.session.start_timeout_ms / 1000
    return Calls(ice_options(settings.webrtc), partial(_room, sessions, settings), start_timeout_s)


def _room(sessions: Sessions, settings: Settings) -> int:
    """How many calls there may be."""
    return settings.server.max_sessions if sessions.admitting else 0


def ice_options(webrtc: WebrtcSettings) -> IceOptions:
    """Where media come in."""
    password = webrtc.turn_password.get_secret_value() if webrtc.turn_password else None
    first, last = (int(port) for port in (webrtc.ports or "0-0").split("-"))
    return IceOptions(
        addresses=webrtc.addresses,
        ports=range(first, last + 1) if webrtc.ports else None,
        announced_address=webrtc.announced_address,
        stun=stun_server(webrtc.stun_url) if webrtc.stun_url else None,
        turn=turn_server(webrtc.turn_url, webrtc.turn_username, password) if webrtc.turn_url else None,
    )


async def _warm_up(models: Models, settings: Settings) -> None:
    """Run each model once, so that nobody waits for what is made on first use."""
    for model in (models.judge, models.turns, models.transcriber, models.synthesizer):
        if isinstance(model, Warmable):
            await model.warm_up()
    language_model = models.language_model
    if isinstance(language_model, LlamaLanguageModel):
        system = Message("system", settings.session.instructions)
        await language_model.prime((system,))
        if models.tools.specs:  # the examples of calls take seconds to read for the first time
            await _call_once(language_model, models.tools.specs, system)


async def _call_once(model: LanguageModel, tools: tuple[ToolSpec, ...], system: Message) -> None:
    asked = (system, Message("user", "Hello."))
    async with aclosing(model.generate(asked, GenerateOptions(max_tokens=1, tools=tools))) as pieces:
        async for _ in pieces:
            pass


def _file(files: ModelSettings, use: str, pattern: str) -> Path:
    """The file of the model that is set for this use. Raises ModelFileError."""
    name = getattr(files, use)
    found = next(locate(name, files.dir).glob(pattern), None)
    if found is None:
        raise ModelFileError(f"models.{use}: {name} has no file {pattern}: it is a model of another kind")
    return found
