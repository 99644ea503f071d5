"""`config` on the wire and `SessionConfig` in the core: merging what is sent, showing what resulted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voice_server.core.policy import SessionConfig
from voice_server.core.tools import ToolSpec
from voice_server.errors import ProtocolError
from voice_server.protocol.codes import ErrorCode
from voice_server.protocol.config import AudioConfig, Config, Filler, LlmConfig, Tool, TurnConfig
from voice_server.protocol.tool_schemas import schema_problem, spec_of, tool_of


def merge(config: SessionConfig, patch: Config, *, sent_in: str = "session.start") -> SessionConfig:
    """The configuration with what the patch sets; what is absent stays, and an empty greeting is none.

    `sent_in` is the type of the message, for the error. Raises ProtocolError, not fatal, for a tool that
    cannot be.
    """
    audio, llm = patch.audio or AudioConfig(), patch.llm or LlmConfig()
    changed = _given(
        instructions=patch.instructions,
        language=patch.language,
        voice=patch.voice,
        greeting=patch.greeting,
        input_rate_hz=audio.input_rate,
        output_rate_hz=audio.output_rate,
        model=llm.model,
        temperature=llm.temperature,
        max_tokens=llm.max_tokens,
        speech=audio.output,
        tools=_tools(patch.tools, config, sent_in),
    )
    turn = replace(config.turn, **_given(**dict(patch.turn or TurnConfig())))
    if patch.filler:
        changed |= {"filler": patch.filler.text or None, "filler_after_ms": patch.filler.after_ms}
    merged = replace(config, **changed, turn=turn)
    return replace(merged, greeting=merged.greeting or None)


def _tools(
    tools: tuple[Tool, ...] | None, config: SessionConfig, sent_in: str
) -> tuple[ToolSpec, ...] | None:
    if tools is None:
        return None
    taken = {spec.name for spec in config.server_tools}
    for index, tool in enumerate(tools):
        if tool.name in taken:
            why = f"the server has a tool named {tool.name!r}"
            raise _refused(ErrorCode.BAD_FIELD, f"config.tools.{index}.name", why, sent_in)
        if problem := schema_problem(tool.parameters):
            raise _refused(ErrorCode.BAD_FIELD, f"config.tools.{index}.parameters", problem, sent_in)
    return tuple(spec_of(tool) for tool in tools)


def merge_running(config: SessionConfig, patch: Config) -> SessionConfig:
    """As `merge`, in a session that has begun. Raises ProtocolError also when a sample rate would change."""
    merged = merge(config, patch, sent_in="session.update")
    if merged.input_rate_hz != config.input_rate_hz:
        raise _fixed("config.audio.input_rate", config.input_rate_hz)
    if merged.output_rate_hz != config.output_rate_hz:
        raise _fixed("config.audio.output_rate", config.output_rate_hz)
    return merged


def resolved(config: SessionConfig) -> Config:
    """The configuration as the client reads it. Raises ValidationError for a rate that the wire has not."""
    turn = config.turn
    return Config.model_validate(
        {
            "instructions": config.instructions,
            "voice": config.voice,
            "language": config.language,
            "greeting": config.greeting,
            "audio": AudioConfig.model_validate(
                {
                    "input_rate": config.input_rate_hz,
                    "output_rate": config.output_rate_hz,
                    "output": config.speech,
                }
            ),
            "turn": TurnConfig(mode=turn.mode, responsiveness=turn.responsiveness, barge_in=turn.barge_in),
            "tools": tuple(tool_of(spec) for spec in config.tools),
            "filler": Filler(text=config.filler or "", after_ms=config.filler_after_ms),
            "llm": LlmConfig(
                model=config.model, temperature=config.temperature, max_tokens=config.max_tokens
            ),
        }
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _fixed(field: str, rate_hz: int) -> ProtocolError:
    why = f"the rate cannot change within a session; it is {rate_hz}"
    return _refused(ErrorCode.BAD_FIELD, field, why, "session.update")


def _refused(code: ErrorCode, field: str, why: str, sent_in: str) -> ProtocolError:
    return ProtocolError(code, f"{field}: {why}", field=field, in_reply_to=sent_in)
