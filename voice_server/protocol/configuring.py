"""`config` on the wire and `SessionConfig` in the core: merging what is sent, showing what resulted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voice_server.core.policy import SessionConfig
from voice_server.errors import ProtocolError
from voice_server.protocol.codes import ErrorCode
from voice_server.protocol.config import AudioConfig, Config, LlmConfig, TurnConfig


def merge(config: SessionConfig, patch: Config, *, sent_in: str = "session.start") -> SessionConfig:
    """The configuration with what the patch sets; what is absent stays, and an empty greeting is none.

    `sent_in` is the type of the message, for the error. Raises ProtocolError (`unsupported`, not fatal) for
    tools, which this server cannot call.
    """
    if patch.tools:
        raise _refused(ErrorCode.UNSUPPORTED, "config.tools", "this server cannot call tools yet", sent_in)
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
    )
    turn = replace(config.turn, **_given(**dict(patch.turn or TurnConfig())))
    merged = replace(config, **changed, turn=turn)
    return replace(merged, greeting=merged.greeting or None)


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
                {"input_rate": config.input_rate_hz, "output_rate": config.output_rate_hz}
            ),
            "turn": TurnConfig(mode=turn.mode, responsiveness=turn.responsiveness, barge_in=turn.barge_in),
            "tools": (),
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
