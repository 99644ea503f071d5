"""`--set turn.responsiveness=0.8`: what is to be different from the captured session."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from voice_server.core.policy import SessionConfig
from voice_server.core.trace import decode
from voice_server.errors import ConfigurationError
from voice_server.observing.trace_sink import Record
from voice_server.runtime.options import RuntimeOptions


@dataclass(frozen=True, slots=True)
class Setup:
    """What a session was, or is to be, set to."""

    config: SessionConfig
    options: RuntimeOptions


def setup_of(head: Record) -> Setup:
    """As it was captured."""
    options = decode(RuntimeOptions, {**head.get("runtime", {}), "policy": head["policy"]})
    return Setup(decode(SessionConfig, head["config"]), options)


def changed(setup: Setup, settings: Iterable[str]) -> Setup:
    """With every `SECTION.FIELD=VALUE`. Raises ConfigurationError for what there is not."""
    for setting in settings:
        name, equals, value = setting.partition("=")
        section, dot, field = name.partition(".")
        if not equals or not dot:
            raise ConfigurationError(f"--set {setting}: as in --set turn.responsiveness=0.8")
        setup = _with(setup, section, field, value)
    return setup


def _with(setup: Setup, section: str, field: str, value: str) -> Setup:
    config, options = setup.config, setup.options
    match section:
        case "turn":
            turn = _replaced(config.turn, section, field, value)
            return replace(setup, config=replace(config, turn=turn))
        case "session":
            return replace(setup, config=_replaced(config, section, field, value))
        case "policy":
            policy = _replaced(options.policy, section, field, value)
            return replace(setup, options=replace(options, policy=policy))
        case "hearing":
            hearing = _replaced(options.hearing, section, field, value)
            return replace(setup, options=replace(options, hearing=hearing))
        case "audio" if field == "lead_ms":
            return replace(setup, options=_replaced(options, section, field, value))
    sections = "turn, session, policy, hearing, and audio.lead_ms; with --models also models"
    raise ConfigurationError(f"--set {section}.{field}: there is no such setting; there are {sections}")


def _replaced(settings: Any, section: str, field: str, value: str) -> Any:
    fields = typing.get_type_hints(type(settings))
    if field not in fields:
        raise ConfigurationError(f"--set {section}.{field}: {section} has {', '.join(fields)}")
    return dataclasses.replace(settings, **{field: _read(value, fields[field], f"--set {section}.{field}")})


def _read(text: str, hint: Any, what: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    origin = typing.get_origin(hint)
    kinds = typing.get_args(hint) if origin in (typing.Union, types.UnionType) else (hint,)
    if origin is typing.Literal:
        fits = value in typing.get_args(hint)
    elif float in kinds and type(value) is int:
        return float(value)
    else:
        fits = type(value) in kinds
    if not fits:
        raise ConfigurationError(f"{what}={text}: expected {getattr(hint, '__name__', hint)}")
    return value
