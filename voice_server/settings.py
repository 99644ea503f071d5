"""What the server is set to: one frozen tree, from defaults, then a TOML file, then the environment.

`VOICE_SERVER_SERVER__PORT=9000` sets `port` in `[server]`; keys are separated by commas. The descriptions of
sections and fields are what `docs/reference/settings.md` says of them.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from voice_server.core.policy import DEFAULT_INSTRUCTIONS, Policy, SessionConfig, TurnConfig
from voice_server.errors import ConfigurationError
from voice_server.model_files.locate import default_models_dir
from voice_server.protocol.complaints import meant, wrong
from voice_server.protocol.config import Fraction, Greeting, Instructions, Language, MaxTokens, Temperature
from voice_server.protocol.schema import Outline
from voice_server.protocol.wire import Name
from voice_server.section import Keys, Milliseconds, Names, Section
from voice_server.tool_settings import ToolSettings

PREFIX = "VOICE_SERVER_"
NESTING = "__"


def _ports(value: str) -> str:
    first, last = (int(port) for port in value.split("-"))
    if not 0 < first <= last < 65_536:
        raise ValueError("expected a first port and a last, from 1 to 65535")
    return value


PortRange = Annotated[str, Field(pattern=r"^\d+-\d+$"), AfterValidator(_ports)]


class ServerSettings(Section):
    """The door."""

    host: str = "127.0.0.1"
    """The address to listen on. `0.0.0.0`: every one; then set `keys`."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    """0: any that is free."""
    keys: Keys = ()
    """What clients must show one of. None: everybody may come."""
    max_sessions: Annotated[int, Field(ge=1)] = 32
    """More are told that the server is busy."""


class ModelSettings(Section):
    """The model files, by their names in `voice-server models list`."""

    dir: Path = Field(default_factory=default_models_dir)
    """Where they are; by default `$VOICE_SERVER_MODELS_DIR`, else `models/`."""
    stt: str = "whisper-tiny.en"
    """Speech to text."""
    llm: str = "smollm2-135m-instruct"
    """The language model, unless `llm.url` names another."""
    tts: str = "piper-en_US-joe-medium"
    """Text to speech: the voice."""
    turn: str = "smart-turn-3.2"
    """End of turn."""
    threads: Annotated[int, Field(ge=1)] = 3
    """How many model calls run at once; one more than there are cores is a good value."""


class LlmSettings(Section):
    """The language model."""

    url: str | None = None
    """An OpenAI-compatible server, as in `http://127.0.0.1:11434/v1`. None: the model file, in process."""
    model: Name | None = Field(default=None, validate_default=True)
    """The name of the model at `url`; needed with it."""
    api_key: SecretStr | None = None
    """For `url`. Best kept out of the file, in `VOICE_SERVER_LLM__API_KEY`."""
    temperature: Temperature | None = None
    """0 is the most predictable. None: the model's own."""
    max_tokens: MaxTokens | None = None
    """The longest answer. None: the model's own."""
    stall_ms: Milliseconds = Policy().generation_stall_ms
    """No token for this long: the model counts as down."""

    @field_validator("model")
    @classmethod
    def _needed_with_url(cls, model: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("url") and model is None:
            raise ValueError("missing; `llm.url` needs the name of one of its models")
        return model


class AudioSettings(Section):
    """What leaves the server."""

    lead_ms: Annotated[int, Field(ge=40, le=5_000)] = 300
    """How far audio runs ahead of what the client has played."""


class SessionSettings(Section):
    """Every session, unless its client says otherwise."""

    instructions: Instructions = DEFAULT_INSTRUCTIONS
    """The system prompt."""
    language: Language = "en"
    """The user's language."""
    greeting: Greeting | None = None
    """Spoken when a session starts. None: silence."""
    heartbeat_ms: Milliseconds = 10_000
    """How often both sides ping; two missed, and the other is gone."""
    start_timeout_ms: Milliseconds = 10_000
    """A connection that says nothing for this long is closed."""
    stall_limit_ms: Milliseconds = 10_000
    """A client that reads nothing for this long is closed."""
    ahead_limit_ms: Milliseconds = 1_800_000
    """Sound may come faster than it sounds, as of a recording, and be so far ahead of its time. A client that
    sends more is closed."""
    idle_limit_ms: Milliseconds | None = None
    """Nobody spoke for this long: the session ends. None: never."""
    drain_ms: Annotated[int, Field(ge=0)] = 5_000
    """When the server is told to stop, what is being said may be finished within this time."""
    max_session_ms: Milliseconds | None = None
    """A session ends when it is this old. None: never for that reason."""
    resume_window_ms: Annotated[int, Field(ge=0)] = 120_000
    """How long a session waits for a client that lost its connection. 0: it ends with it."""


def default_store_path() -> Path:
    """Where programs keep what is to outlive them (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "voice-server" / "sessions.db"


class StoreSettings(Section):
    """Where sessions are kept while their connection, or their server, is lost."""

    kind: Literal["sqlite", "redis", "memory"] = "sqlite"
    """`sqlite`: a file, for one server that may be restarted. `redis`: for several servers, each of which can
    go on with a session of another. `memory`: they end with the server."""
    path: Path = Field(default_factory=default_store_path)
    """The file; by default `voice-server/sessions.db` in `$XDG_STATE_HOME`, else in `~/.local/state`."""
    max_mb: Annotated[int, Field(ge=1)] = 1_000
    """The file grows no larger."""
    url: str = "redis://127.0.0.1:6379/0"
    """Redis; with TLS `rediss://`, with a password `redis://:PASSWORD@HOST:PORT/0`."""
    timeout_ms: Milliseconds = 1_000
    """Redis has answered by then, or counts as away."""


class TurnSettings(Section):
    """How turns are taken, unless the client says otherwise."""

    mode: Literal["auto", "manual"] = "auto"
    """`manual` is push-to-talk."""
    responsiveness: Fraction = 0.5
    """The one dial: 0 waits long for the user to go on, 1 answers at the first sign of an end."""
    barge_in: bool = True
    """Whether the user's speech stops the assistant."""


class WebrtcSettings(Section):
    """Calls over WebRTC. [The guide](../howto/webrtc.md) says what to set behind NAT and in a container."""

    enabled: bool = True
    """Whether calls are taken."""
    addresses: Names = ()
    """The addresses that media come in on. None: every one of the machine, loopback if there is no other."""
    ports: PortRange | None = None
    """The UDP ports for media, as in `50000-50099`; a call takes one on each address. None: any."""
    announced_address: str | None = None
    """The IPv4 address that clients are told, where it is not the one that is bound: behind NAT."""
    stun_url: Annotated[str, Field(pattern=r"^stun:[^:?]+(:\d+)?$")] | None = None
    """A STUN server, that tells the server its public address: `stun:HOST:PORT`."""
    turn_url: Annotated[str, Field(pattern=r"^turns?:[^:?]+(:\d+)?(\?transport=(udp|tcp))?$")] | None = None
    """A TURN server, that relays where nothing else works: `turn:HOST:PORT`."""
    turn_username: str | None = None
    """For `turn_url`."""
    turn_password: SecretStr | None = None
    """For `turn_url`."""
    offers_per_minute: Annotated[int, Field(ge=1)] = 60
    """From one address. More are told to wait."""


class CaptureSettings(Section):
    """Sessions written down, to be replayed and looked at: see [the trace format](trace.md)."""

    dir: Path | None = None
    """Where to. None: nothing is captured. The same as `--capture`."""
    sessions: Literal["all", "asked"] = "all"
    """`asked`: only those whose client asks for it in `session.start`. Each client is told."""
    words: bool = True
    """Whether the traces hold what was said. Without, decisions cannot be replayed."""
    sound: bool = True
    """Whether the traces hold sound. Without, models cannot be replayed."""
    session_mb: Annotated[int, Field(ge=1)] = 1_000
    """A session that grows larger is not captured to its end. An hour takes some 200 to 400."""
    total_mb: Annotated[int, Field(ge=1)] = 10_000
    """When all together are larger, the oldest are deleted."""


class LoggingSettings(Section):
    """The log, on standard error."""

    format: Literal["auto", "console", "json"] = "auto"
    """`auto`: for people where standard error is a terminal, else JSON lines."""
    level: Literal["debug", "info", "warning", "error"] = "warning"
    """From `info` on, there is a line for each message."""
    words: bool = False
    """Whether the log holds what was said. Secrets it never holds."""
    audio_every: Annotated[int, Field(ge=0)] = 100
    """One line for so many audio frames of a session; 0: none."""


class TelemetrySettings(Section):
    """Numbers and traces for those who run it."""

    metrics: bool = True
    """Whether `/metrics` answers, for Prometheus. It needs no key."""
    otlp_url: str | None = None
    """An OpenTelemetry collector, as in `http://127.0.0.1:4318/v1/traces`: it gets a span for each turn.

    Needs the extra `telemetry`. None: no spans."""


class Settings(BaseSettings):
    """The whole tree. Make it with `load`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter=NESTING
    )

    server: ServerSettings = Field(default_factory=ServerSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    audio: AudioSettings = Field(default_factory=AudioSettings)
    session: SessionSettings = Field(default_factory=SessionSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    turn: TurnSettings = Field(default_factory=TurnSettings)
    tools: ToolSettings = Field(default_factory=ToolSettings)
    webrtc: WebrtcSettings = Field(default_factory=WebrtcSettings)
    capture: CaptureSettings = Field(default_factory=CaptureSettings)
    logging: LoggingSettings = Field(default_factory=LoggingSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)

    def session_config(self, output_rate_hz: int) -> SessionConfig:
        """What a session is before its client says anything. `output_rate_hz`: the voice's own."""
        turn = self.turn
        return SessionConfig(
            instructions=self.session.instructions,
            language=self.session.language,
            greeting=self.session.greeting,
            output_rate_hz=output_rate_hz,
            turn=TurnConfig(mode=turn.mode, responsiveness=turn.responsiveness, barge_in=turn.barge_in),
            model=self.llm.model,
            temperature=self.llm.temperature,
            max_tokens=self.llm.max_tokens,
        )

    def policy(self) -> Policy:
        """The core's policy, with what people may set of it."""
        return Policy(
            generation_stall_ms=self.llm.stall_ms,
            idle_limit_ms=self.session.idle_limit_ms,
            tool_output_chars=self.tools.output_chars,
        )


def load(file: Path | None = None, capture: Path | None = None, /, **server: str | int) -> Settings:
    """Defaults, then this TOML file, then the environment, then `server`: fields of `[server]` as arguments,
    and `capture`: the directory of captures.

    Raises ConfigurationError, which names each wrong field and where it was set.
    """
    _check_names_of_variables()
    captures = {"capture": {"dir": capture}} if capture else {}
    layers = [_read(file) if file else {}, _environment(), {"server": server} if server else {}, captures]
    try:
        return Settings(**_layered(*layers))
    except ValidationError as error:
        found = [_complaint(details, server, file) for details in error.errors(include_url=False)]
        raise ConfigurationError("\n".join(found)) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"{file}: not TOML: {error}") from None


def _environment() -> dict[str, Any]:
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        hint = f"set single fields, as in {PREFIX}SERVER__PORT"
        raise ConfigurationError(f"a variable {PREFIX}*: {error}; {hint}") from None


def _layered(*layers: dict[str, Any]) -> dict[str, Any]:
    """Later layers win, field by field."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, fields in layer.items():
            below = merged.get(section, {})
            tables = isinstance(below, dict) and isinstance(fields, dict)
            merged[section] = {**below, **fields} if tables else fields
    return merged


def _check_names_of_variables() -> None:
    """A variable of no section would be ignored, and a misspelt one should not be."""
    known = [name.upper() for name in Settings.model_fields]
    for variable in sorted(os.environ):
        section, nested, _ = variable.upper().removeprefix(PREFIX).partition(NESTING)
        if variable.upper().startswith(PREFIX) and nested and section not in known:
            hint = meant(section, known) or f"; the sections are {', '.join(known)}"
            raise ConfigurationError(f"{variable}: no section {section}{hint}")


def _complaint(details: ErrorDetails, server: dict[str, Any], file: Path | None) -> str:
    outline = Outline(TypeAdapter(Settings))
    path = details["loc"]
    field = ".".join(str(step) for step in path)
    return f"{_origin(path, server, file)}: {field}: {wrong(details, outline, outline.root, path)}"


def _origin(path: tuple[str | int, ...], server: dict[str, Any], file: Path | None) -> str:
    """Where the value at `path` was set, or the place where a value is missing."""
    section, *field = (str(step) for step in path)
    if section == "server" and field and field[0] in server:
        return f"--{field[0]}"
    variable = PREFIX + NESTING.join((section, *field[:1])).upper()
    named = [name for name in os.environ if name.upper().startswith(variable)]
    return named[0] if named else str(file or "settings")
