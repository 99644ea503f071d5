"""A Realtime session's settings: merged, shown with every default resolved, and meant for the core.

Shown is what holds. What this server cannot do (noise reduction, another speed) reads back as
off, whatever was asked for; clients decide by what they read (the JavaScript SDK cancels answers itself where
`interrupt_response` is absent).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from math import log2
from typing import Any, Literal

from voice_server.core.policy import SessionConfig, TurnConfig
from voice_server.core.tools import ToolSpec
from voice_server.protocol.realtime.session_patch import (
    AudioPatch,
    Format,
    InputPatch,
    Modality,
    NamedVoice,
    OutputPatch,
    Patch,
    SessionPatch,
    SessionType,
    Tool,
    TranscriptionPatch,
    TurnDetectionPatch,
)

Encoding = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
PCM_HZ = 24_000
RESPONSIVENESS = {"low": 0.2, "medium": 0.5, "auto": 0.5, "high": 0.85}
"""What `eagerness` means on our dial."""
USUAL_SILENCE_MS = 500
"""The documented default of `silence_duration_ms`: the middle of our dial; twice as long, its patient end."""
STT_MODEL = "local-stt"


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """How turns are found, every field resolved."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = USUAL_SILENCE_MS
    idle_timeout_ms: int | None = None
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True

    @property
    def responsiveness(self) -> float:
        """Our one dial, 0 to 1: endpointing is semantic here in either mode."""
        if self.type == "semantic_vad":
            return RESPONSIVENESS[self.eagerness]
        stretch = log2(max(1, self.silence_duration_ms) / USUAL_SILENCE_MS)
        return min(1.0, max(0.0, (1 - stretch) / 2))


@dataclass(frozen=True, slots=True)
class Transcription:
    """Whether the user's words are told to the client; they are known in any case."""

    model: str = STT_MODEL
    language: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether functions are called. `function`: the one that has to be."""

    mode: Literal["auto", "none", "required"] = "auto"
    """It reads back as this alone: pipecat stops at an object."""
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a client may have set."""

    model: str
    instructions: str
    voice: str
    type: SessionType = "realtime"
    """`transcription`: the user's words are told, and nothing is answered."""
    modality: Modality = "audio"
    input_format: Encoding = "audio/pcm"
    output_format: Encoding = "audio/pcm"
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = TurnDetection()
    tools: tuple[Tool, ...] = ()
    tool_choice: Choice = Choice()
    max_output_tokens: int | Literal["inf"] = "inf"


def merged(settings: Settings, patch: SessionPatch) -> Settings:
    """With what the patch names; what it does not name stays."""
    audio = patch.audio or AudioPatch()
    settings = transcribing(settings) if patch.type == "transcription" else settings
    settings = _heard(settings, audio.input or InputPatch())
    settings = _spoken(settings, audio.output or OutputPatch())
    return replace(
        settings,
        type=_named(patch, "type", settings.type),
        model=patch.model or settings.model,
        instructions=_named(patch, "instructions", settings.instructions) or "",
        modality=patch.output_modalities[0] if patch.output_modalities else settings.modality,
        tools=functions(_named(patch, "tools", settings.tools)),
        tool_choice=choice(patch.tool_choice) if _names(patch, "tool_choice") else settings.tool_choice,
        max_output_tokens=_named(patch, "max_output_tokens", settings.max_output_tokens) or "inf",
    )


def transcribing(settings: Settings) -> Settings:
    """As a transcription session."""
    return replace(settings, type="transcription", transcription=settings.transcription or Transcription())


def functions(tools: tuple[Tool, ...] | None) -> tuple[Tool, ...]:
    """Those that can be called here: remote MCP servers cannot."""
    return tuple(tool for tool in tools or () if tool.type == "function" and tool.name)


def choice(asked: Any) -> Choice:
    """Which choice the model has; of what is not known, any."""
    if isinstance(asked, dict) and isinstance(name := asked.get("name"), str):
        return Choice("required", name)
    return Choice(asked) if asked in ("none", "required") else Choice()


def must_call(tools: tuple[Tool, ...], tool_choice: Choice) -> tuple[str, ...]:
    """The names of the functions, one of which has to be called; none, where there is none of that name."""
    if tool_choice.mode != "required":
        return ()
    return tuple(tool.name for tool in tools if tool_choice.function in (None, tool.name))


def specs(tools: tuple[Tool, ...], tool_choice: Choice) -> tuple[ToolSpec, ...]:
    """The functions as the core knows them."""
    if tool_choice.mode == "none":
        return ()
    return tuple(
        ToolSpec(tool.name, tool.description or "", json.dumps(tool.parameters or {}, separators=(",", ":")))
        for tool in tools
    )


def configured(settings: Settings, base: SessionConfig, voices: tuple[str, ...]) -> SessionConfig:
    """What the settings mean to the core; `base` is what the server was set to.

    A voice that the synthesizer has not is its own: clients name OpenAI's.
    """
    transcription, limit = settings.transcription, settings.max_output_tokens
    return replace(
        base,
        instructions=settings.instructions,
        language=(transcription and transcription.language) or base.language,
        voice=settings.voice if settings.voice in voices else base.voice,
        greeting=None,
        turn=_turns(settings, base.turn),
        speech=settings.modality == "audio",
        max_tokens=base.max_tokens if limit == "inf" else limit,
        tools=specs(settings.tools, settings.tool_choice),
        must_call=must_call(settings.tools, settings.tool_choice),
    )


def _turns(settings: Settings, base: TurnConfig) -> TurnConfig:
    detection = settings.turn_detection
    if detection is None:
        return replace(base, mode="manual", answers=False, barge_in=False, hears_over=True)
    return replace(
        base,
        mode="auto",
        responsiveness=detection.responsiveness,
        barge_in=detection.interrupt_response,
        hears_over=True,
        answers=detection.create_response and settings.type == "realtime",
        silence_limit_ms=detection.idle_timeout_ms if detection.type == "server_vad" else None,
    )


def shown(settings: Settings, session: str) -> dict[str, Any]:
    """The session object, as `session.created` and `session.updated` carry it."""
    if settings.type == "transcription":
        heard = {"object": "realtime.transcription_session", "audio": {"input": _shown_input(settings)}}
        return {"type": settings.type, "id": session, **heard, "include": None}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session,
        "model": settings.model,
        "output_modalities": [settings.modality],
        "instructions": settings.instructions,
        "audio": {"input": _shown_input(settings), "output": shown_output(settings) | {"speed": 1.0}},
        "tools": [_shown_tool(tool) for tool in settings.tools],
        "tool_choice": settings.tool_choice.mode,
        "max_output_tokens": settings.max_output_tokens,
        "truncation": "auto",
        "tracing": None,
        "prompt": None,
        "include": None,
    }


def shown_output(settings: Settings) -> dict[str, Any]:
    """`audio.output`, of a session and of a response."""
    return {"format": _shown_format(settings.output_format), "voice": settings.voice}


def _shown_input(settings: Settings) -> dict[str, Any]:
    transcription = settings.transcription
    return {
        "format": _shown_format(settings.input_format),
        "noise_reduction": None,
        "transcription": transcription
        and {
            "model": transcription.model,
            "language": transcription.language,
            "prompt": transcription.prompt,
        },
        "turn_detection": settings.turn_detection and _shown_detection(settings.turn_detection),
    }


def _shown_detection(detection: TurnDetection) -> dict[str, Any]:
    either = {
        "create_response": detection.create_response,
        "interrupt_response": detection.interrupt_response,
    }
    if detection.type == "semantic_vad":
        return {"type": detection.type, "eagerness": detection.eagerness, **either}
    return {
        "type": detection.type,
        "threshold": detection.threshold,
        "prefix_padding_ms": detection.prefix_padding_ms,
        "silence_duration_ms": detection.silence_duration_ms,
        "idle_timeout_ms": detection.idle_timeout_ms,
        **either,
    }


def _shown_format(encoding: Encoding) -> dict[str, Any]:
    return {"type": encoding, "rate": PCM_HZ} if encoding == "audio/pcm" else {"type": encoding}


def _shown_tool(tool: Tool) -> dict[str, Any]:
    return {"type": "function", **tool.model_dump(exclude={"type"}, exclude_none=True)}


def _heard(settings: Settings, patch: InputPatch) -> Settings:
    transcription, detection = settings.transcription, settings.turn_detection
    if "transcription" in patch.model_fields_set:
        asked = patch.transcription
        transcription = _transcription(asked) if asked else None
    if "turn_detection" in patch.model_fields_set:
        detection = _detection(detection, patch.turn_detection) if patch.turn_detection else None
    return replace(
        settings,
        input_format=_encoding(patch.format, settings.input_format),
        transcription=transcription,
        turn_detection=detection,
    )


def _transcription(patch: TranscriptionPatch) -> Transcription:
    return Transcription(patch.model or STT_MODEL, patch.language, patch.prompt)


def _spoken(settings: Settings, patch: OutputPatch) -> Settings:
    voice = patch.voice.id if isinstance(patch.voice, NamedVoice) else patch.voice
    return replace(
        settings,
        output_format=_encoding(patch.format, settings.output_format),
        voice=voice or settings.voice,
    )


def _detection(present: TurnDetection | None, patch: TurnDetectionPatch) -> TurnDetection:
    """Of the same type, what is absent stays; of another, it takes its default."""
    if present is None or ("type" in patch.model_fields_set and patch.type != present.type):
        present = TurnDetection(patch.type)
    given = patch.model_dump(exclude={"type"}, exclude_unset=True)
    off = ("idle_timeout_ms",)  # of the others, null is as good as absent
    return replace(
        present, **{name: value for name, value in given.items() if value is not None or name in off}
    )


def _encoding(patch: Format | None, present: Encoding) -> Encoding:
    return patch.type if patch else present


def _named(patch: Patch, name: str, present: Any) -> Any:
    return getattr(patch, name) if _names(patch, name) else present


def _names(patch: Patch, name: str) -> bool:
    return name in patch.model_fields_set
