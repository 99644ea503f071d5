"""Merging what a client sends, and showing what resulted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from voice_server.audio.rates import SUPPORTED_INPUT_HZ, SUPPORTED_OUTPUT_HZ
from voice_server.core.policy import SessionConfig, TurnConfig
from voice_server.core.tools import ToolSpec
from voice_server.errors import ProtocolError
from voice_server.protocol.config import (
    AudioConfig,
    Config,
    Filler,
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
    audio=AudioConfig(input_rate=8000, output_rate=48000, output=False),
    turn=WireTurnConfig(mode="auto", responsiveness=0.0, barge_in=True),
    tools=(Tool(name="clock", parameters={"type": "object"}, on_barge_in="cancel", timeout_ms=900),),
    filler=Filler(text="One moment.", after_ms=0),
    llm=LlmConfig(model="m", temperature=0.0, max_tokens=5),
)

DEEP: dict[str, Any] = {}
for _ in range(3_000):
    DEEP = {"properties": {"a": DEEP}}
WRONG_TOOLS = [
    (Tool(name="time"), "name", "the server has a tool named 'time'"),
    (Tool(name="t", parameters={"type": "string"}), "parameters", "of the type object"),
    (Tool(name="t", parameters={"properties": 3}), "parameters", "not a JSON Schema: properties"),
    (Tool(name="t", parameters={"required": "city"}), "parameters", "not a JSON Schema: required"),
    (Tool.model_construct(name="t", parameters=DEEP), "parameters", "nested too deeply"),
]


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
        speech=False,
        turn=TurnConfig("auto", 0.0, True),
        model="m",
        temperature=0.0,
        max_tokens=5,
        tools=(ToolSpec("clock", "", '{"type":"object"}', "cancel", 900),),
        filler="One moment.",
        filler_after_ms=0,
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
@pytest.mark.parametrize(("tool", "place", "why"), WRONG_TOOLS)
def test_a_tool_that_cannot_be_is_refused_and_the_place_named(
    merging: Callable[..., SessionConfig], sent_in: str, tool: Tool, place: str, why: str
) -> None:
    config = replace(BASE, server_tools=(ToolSpec("time", "", "{}"),))
    with pytest.raises(ProtocolError, match=why) as caught:
        merging(config, Config(tools=(Tool(name="clock"), tool)))
    problem = caught.value
    assert (problem.code, problem.field) == ("bad_field", f"config.tools.1.{place}")
    assert (problem.in_reply_to, problem.close_code) == (sent_in, None)


def test_a_new_list_of_tools_replaces_the_old_one_but_not_the_servers() -> None:
    config = replace(BASE, server_tools=(ToolSpec("time", "", "{}"),))
    first = merge(config, Config(tools=(Tool(name="a"), Tool(name="b"))))
    assert [spec.name for spec in merge(first, Config()).tools] == ["a", "b"]
    second = merge(first, Config(tools=(Tool(name="c"),)))
    assert [spec.name for spec in second.tools] == ["c"]
    assert merge(second, Config(tools=())).tools == ()
    assert second.server_tools == config.server_tools


def test_an_empty_filler_is_none() -> None:
    config = merge(BASE, Config(filler=Filler(text="One moment.")))
    assert (config.filler, merge(config, Config()).filler) == ("One moment.", "One moment.")
    assert merge(config, Config(filler=Filler(text=""))).filler is None


def test_the_wire_has_the_rates_that_the_resampler_has() -> None:
    assert get_args(InputRate) == SUPPORTED_INPUT_HZ
    assert get_args(OutputRate) == SUPPORTED_OUTPUT_HZ
