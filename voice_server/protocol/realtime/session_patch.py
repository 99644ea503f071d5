"""What a client may set of a Realtime session. Absent means as it was, null means off."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from voice_server.protocol.limits import MAX_INSTRUCTIONS_CHARS, MAX_NAME_CHARS, MAX_TEXT_CHARS, MAX_TOKENS

Modality = Literal["audio", "text"]
MaxOutputTokens = Annotated[int, Field(ge=1, le=MAX_TOKENS)] | Literal["inf"]
SessionType = Literal["realtime", "transcription"]
Waiting = Annotated[int, Field(ge=0, le=60_000)]
Voice = Annotated[str, Field(max_length=MAX_NAME_CHARS)]


class Patch(BaseModel):
    """Frozen and lenient; `model_fields_set` says what the client named."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class Format(Patch):
    """How sound is encoded."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
    rate: Literal[24_000] | None = None
    """Only PCM has one."""


class TurnDetectionPatch(Patch):
    """How turns are found."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    prefix_padding_ms: Waiting | None = None
    silence_duration_ms: Waiting | None = None
    idle_timeout_ms: Annotated[int, Field(ge=1, le=60_000)] | None = None
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class TranscriptionPatch(Patch):
    """Whether and how the user's words are told."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None


class InputPatch(Patch):
    """What is heard."""

    format: Format | None = None
    noise_reduction: dict[str, JsonValue] | None = None
    transcription: TranscriptionPatch | None = None
    turn_detection: TurnDetectionPatch | None = None


class NamedVoice(Patch):
    """A voice of the client's own."""

    id: Voice


class OutputPatch(Patch):
    """What is spoken."""

    format: Format | None = None
    voice: Voice | NamedVoice | None = None


class AudioPatch(Patch):
    """Sound, both ways."""

    input: InputPatch | None = None
    output: OutputPatch | None = None


class Tool(Patch):
    """A function that the model may call; other kinds of tools are not run here."""

    type: str = "function"
    name: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""
    description: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] | None = None
    parameters: dict[str, JsonValue] | None = None


class SessionPatch(Patch):
    """`session` of `session.update`, and of a client secret."""

    type: SessionType = "realtime"
    model: str | None = None
    instructions: Annotated[str, Field(max_length=MAX_INSTRUCTIONS_CHARS)] | None = None
    output_modalities: tuple[Modality, ...] | None = None
    audio: AudioPatch | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: Any = None
    max_output_tokens: MaxOutputTokens | None = None

    @field_validator("output_modalities")
    @classmethod
    def _one(cls, modalities: tuple[Modality, ...] | None) -> tuple[Modality, ...] | None:
        """An audio answer has a transcript: both at once is not a mode of its own."""
        if modalities is not None and len(modalities) != 1:
            raise ValueError('expected ["audio"] or ["text"]')
        return modalities
