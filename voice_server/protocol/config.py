"""`config`: what a client may set, and what it reads back resolved.

A client sends what it wants changed; the server answers with every field that has a value.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator

from voice_server.protocol.limits import (
    MAX_GREETING_CHARS,
    MAX_INSTRUCTIONS_CHARS,
    MAX_TEXT_CHARS,
    MAX_TOKENS,
    MAX_TOOL_TIMEOUT_MS,
    MAX_TOOLS,
)
from voice_server.protocol.wire import Name, Wire

Instructions = Annotated[str, Field(max_length=MAX_INSTRUCTIONS_CHARS)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Greeting = Annotated[str, Field(max_length=MAX_GREETING_CHARS)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Temperature = Annotated[float, Field(ge=0, le=2)]
MaxTokens = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
InputRate = Literal[8000, 16000, 24000, 48000]
OutputRate = Literal[8000, 16000, 22050, 24000, 48000]


class AudioConfig(Wire):
    """Sample rates of the binary frames, which cannot change within a session, and whether there are any."""

    input_rate: InputRate | None = None
    """Hz of what the client sends; 16000 unless set."""
    output_rate: OutputRate | None = None
    """Hz of what the server sends; the voice's own rate unless set."""
    output: bool | None = None
    """Whether answers are spoken; false: they are only written, from the next one on. True unless set."""


class TurnConfig(Wire):
    """How turns are taken."""

    mode: Literal["auto", "manual"] | None = None
    """`auto`: the server hears when a turn starts and ends. `manual`: push-to-talk."""
    responsiveness: Fraction | None = None
    """The one dial: 0 waits long for the user to go on, 1 answers at the first sign of an end."""
    barge_in: bool | None = None
    """Whether the user's speech stops the assistant."""


class LlmConfig(Wire):
    """How answers are generated."""

    model: Name | None = None
    """A model of the language model server; the server's own choice unless set."""
    temperature: Temperature | None = None
    """0 is the most predictable."""
    max_tokens: MaxTokens | None = None
    """The longest answer, in tokens."""


class Tool(Wire):
    """A function of the client that the assistant may call."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
    """Unique within the session."""
    description: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] = ""
    """What it does, for the language model."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """JSON Schema of the arguments: an object schema. `pattern` and `format` are not checked."""
    on_barge_in: Literal["finish", "cancel"] = "finish"
    """What becomes of a running call when the user speaks, types or stops the response."""
    timeout_ms: Annotated[int, Field(ge=1, le=MAX_TOOL_TIMEOUT_MS)] | None = None
    """After so long without a final `tool.result` a call has failed. Ten minutes unless set."""


class Filler(Wire):
    """A few words while a slow tool runs."""

    text: Annotated[str, Field(max_length=MAX_GREETING_CHARS)]
    """Said once for a call, if nobody speaks. Empty: nothing."""
    after_ms: Annotated[int, Field(ge=0, le=MAX_TOOL_TIMEOUT_MS)] = 1_000
    """A tool is slow when it takes longer."""


class Config(Wire):
    """A session's configuration. Every field may be absent."""

    instructions: Instructions | None = None
    """The system prompt."""
    voice: Name | None = None
    """The name of a voice."""
    language: Language | None = None
    """The user's language, as in `en`."""
    greeting: Greeting | None = None
    """Spoken by the assistant when the session starts. Empty: none."""
    audio: AudioConfig | None = None
    """Sample rates; only in `session.start`."""
    turn: TurnConfig | None = None
    """How turns are taken."""
    tools: Annotated[tuple[Tool, ...], Field(max_length=MAX_TOOLS)] | None = None
    """All tools; a new list replaces the old one."""
    filler: Filler | None = None
    """What the assistant says while a slow tool runs."""
    llm: LlmConfig | None = None
    """How answers are generated."""

    @field_validator("tools")
    @classmethod
    def _names_differ(cls, tools: tuple[Tool, ...] | None) -> tuple[Tool, ...] | None:
        names = [tool.name for tool in tools or ()]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f'two tools are named "{name}"')
        return tools
