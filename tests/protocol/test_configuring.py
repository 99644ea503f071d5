"""Merging what a client sends, and showing what resulted."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from voice_server.audio.rates import SUPPORTED_INPUT_HZ, SUPPORTED_OUTPUT_HZ
from voice_server.core.policy import SessionConfig, TurnConfig
from voice_server.errors import ProtocolError
from voice_server.protocol.config import (
    AudioConfig,
    Config,
    InputRate,
    LlmConfig,
    OutputRate,
    Tool,
)
from voice_server.protocol.config import TurnConfig as WireTurnConfig
from voice_server.protocol.configuring import merge, merge_running, resolved

BASE = SessionConfig(greeting="Hi.", voice="joe", temperature=0.3, turn=TurnConfig("manual", 0.7, False))
FULL = Config(
    instructions="Be brief.",
    voice="amy",
    language="fr",
    greeting="Salut.",
    audio=AudioConfig(input_rate=8000, output_rate=48000),
    turn=WireTurnConfig(mode="auto", responsiveness=0.0, barge_in=True),
    tools=(),
    llm=LlmConfig(model="m", temperature=0.0, max_tokens=5),
)


def test_what_is_absent_stays() -> None:
    assert merge(BASE, Config()) == BASE
    assert merge(BASE, Config(turn=WireTurnConfig(), llm=LlmConfig(), audio=AudioConfig())) == BASE


def test_everything_can_be_set_even_to_nought() -> None:
    assert merge(BASE, FULL) == SessionConfig(
        instructions="Be brief.",
        language="fr",
        voice="amy",
        greeting="Salut.",
        input_rate_hz=8000,
        output_rate_hz=48000,
        turn=TurnConfig("auto", 0.0, True),
        model="m",
        temperature=0.0,
        max_tokens=5,
    )


def test_one_field_of_a_part_leaves_the_others() -> None:
    merged = merge(BASE, Config(turn=WireTurnConfig(responsiveness=0.1), llm=LlmConfig(max_tokens=9)))
    assert merged.turn == TurnConfig("manual", 0.1, False)
    assert (merged.temperature, merged.max_tokens) == (0.3, 9)


def test_an_empty_greeting_is_none() -> None:
    assert merge(BASE, Config(greeting="")).greeting is None


def test_the_resolved_configuration_gives_the_same_again() -> None:
    assert resolved(merge(BASE, FULL)) == FULL
    assert merge(SessionConfig(), resolved(BASE)) == BASE


@pytest.mark.parametrize(
    ("merging", "sent_in"), [(merge, "session.start"), (merge_running, "session.update")]
)
def test_tools_are_refused_until_they_can_be_called(
    merging: Callable[..., SessionConfig], sent_in: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        merging(BASE, Config(tools=(Tool(name="clock"),)))
    problem = caught.value
    assert (problem.code, problem.field, problem.in_reply_to) == ("unsupported", "config.tools", sent_in)
    assert problem.close_code is None


def test_the_wire_has_the_rates_that_the_resampler_has() -> None:
    assert get_args(InputRate) == SUPPORTED_INPUT_HZ
    assert get_args(OutputRate) == SUPPORTED_OUTPUT_HZ
