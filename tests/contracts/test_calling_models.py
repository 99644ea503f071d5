"""What every language model keeps to that is given tools."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from jsonschema import validate

from voice_server.adapters.llm_llama import LlamaLanguageModel
from voice_server.adapters.llm_openai import OpenAILanguageModel
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, Step
from voice_server.core.conversation import RUNNING, Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.ports import GenerateOptions, LanguageModel
from voice_server.tools.demo import demo_tools

TOOLS = tuple(tool.spec for tool in demo_tools())
CALLING = GenerateOptions(temperature=0.0, max_tokens=60, tools=TOOLS)
SYSTEM = Message("system", "You are a friendly voice assistant.")
ASKED = (SYSTEM, Message("user", "What time is it in Tokyo?"))
CALL = ToolCall("call_1", "current_time", '{"time_zone":"Asia/Tokyo"}')
CALLED = (*ASKED, Message("assistant", "", calls=(CALL,)))
TOLD = "It is 4:05 PM on Monday, November 23, 2026 in Tokyo."
TEMPLATE = Path(__file__).parents[1] / "adapters" / "calling_template.jinja"


@pytest.fixture(scope="module")
def llama_file(models_dir: Path) -> Path:
    (path,) = models_dir.glob("smollm2-135m-instruct/*.gguf")
    return path


@pytest.fixture(scope="module")
def by_routing(llama_file: Path) -> Iterator[LlamaLanguageModel]:
    """As it is: its chat template knows nothing of tools."""
    model = LlamaLanguageModel(llama_file)
    yield model
    model.close()


@pytest.fixture(scope="module")
def by_template(llama_file: Path) -> Iterator[LlamaLanguageModel]:
    """With a template as larger models bring one along; it is also a server with tools."""
    model = LlamaLanguageModel(llama_file, chat_template=TEMPLATE.read_text(encoding="utf-8"))
    yield model
    model.close()


def by_script(call: int, messages: Sequence[Message]) -> Sequence[Step]:
    if messages[-1].role == "tool":
        return list(TOLD)
    return [CALL] if messages == ASKED else ["I", " see."]


@pytest_asyncio.fixture(
    params=[
        "scripted",
        *(pytest.param(name, marks=pytest.mark.models) for name in ("by_routing", "by_template", "openai")),
    ]
)
async def model(request: pytest.FixtureRequest) -> AsyncIterator[LanguageModel]:
    if request.param == "scripted":
        yield ScriptedLanguageModel(by_script)
    elif request.param == "openai":
        server: LlamaLanguageModel = request.getfixturevalue("by_template")
        openai = OpenAILanguageModel(server.url, server.name, server.api_key)
        yield openai
        await openai.aclose()
    else:
        yield request.getfixturevalue(request.param)


async def test_priming_with_tools_gives_nothing_and_changes_no_call(model: LanguageModel) -> None:
    await model.prime(ASKED, TOOLS)
    await model.prime((), TOOLS)
    _, calls = await given(model, ASKED)
    assert [call.name for call in calls] == ["current_time"]


async def given(
    model: LanguageModel, messages: Sequence[Message], options: GenerateOptions = CALLING
) -> tuple[str, list[ToolCall]]:
    """The text, and the calls."""
    async with aclosing(model.generate(messages, options)) as pieces:
        all_pieces = [piece async for piece in pieces]
    text = "".join(piece for piece in all_pieces if isinstance(piece, str))
    return text, [piece for piece in all_pieces if isinstance(piece, ToolCall)]


async def test_what_a_tool_is_for_is_a_call_that_fits_its_schema(model: LanguageModel) -> None:
    _, calls = await given(model, ASKED)
    (call,) = calls
    assert call.name == "current_time"
    arguments = json.loads(call.arguments)
    validate(arguments, json.loads(TOOLS[0].parameters))
    if not isinstance(model, LlamaLanguageModel) or model.knows_tools:
        assert arguments == {"time_zone": "Asia/Tokyo"}  # by routing it is only the likeliest


async def test_without_tools_there_is_no_call(model: LanguageModel) -> None:
    text, calls = await given(model, (SYSTEM, Message("user", "Who are you?")), GenerateOptions(max_tokens=8))
    assert text
    assert calls == []


async def test_a_result_is_told(model: LanguageModel) -> None:
    text, calls = await given(model, (*CALLED, Message("tool", TOLD, call="call_1")))
    assert text.strip() == TOLD
    assert calls == []


@pytest.mark.parametrize(
    "latest",
    [
        (Message("tool", RUNNING, call="call_1"),),
        (Message("tool", TOLD, call="call_1"), Message("assistant", TOLD), Message("user", "Thank you!")),
        (Message("tool", RUNNING, call="call_1"), Message("system", "The user's parcel is there.")),
    ],
)
async def test_a_history_with_calls_is_gone_on_with(model: LanguageModel, latest: Sequence[Message]) -> None:
    text, calls = await given(model, (*CALLED, *latest))
    assert text or calls


@pytest.mark.parametrize(
    "history",
    [
        CALLED,
        (*ASKED, Message("tool", TOLD, call="call_1")),
        (*CALLED, Message("user", "Well?"), Message("tool", TOLD, call="call_1")),
    ],
)
async def test_calls_and_results_may_lack_each_other(
    model: LanguageModel, history: Sequence[Message]
) -> None:
    text, calls = await given(model, history)
    assert text or calls


@pytest.mark.parametrize("arguments", ["", "Tokyo", '{"time_zone":', "[]"])
async def test_arguments_in_the_history_may_be_anything(model: LanguageModel, arguments: str) -> None:
    broken = Message("assistant", "", calls=(ToolCall("call_1", "current_time", arguments),))
    told = Message("tool", "error: the arguments are not JSON", call="call_1")
    text, calls = await given(model, (*ASKED, broken, told))
    assert text or calls


@pytest.mark.models
@pytest.mark.parametrize("said", ["Who wrote Hamlet?", "Good morning!"])
@pytest.mark.parametrize("offered", [TOOLS, TOOLS[1:2]])
async def test_a_call_that_is_demanded_is_made_whatever_was_said(
    by_routing: LlamaLanguageModel, offered: tuple[ToolSpec, ...], said: str
) -> None:
    history = (SYSTEM, Message("user", said))
    assert (await given(by_routing, history))[1] == []
    text, calls = await given(by_routing, history, replace(CALLING, tools=offered, must_call=True))
    (call,) = calls
    schemas = {tool.name: json.loads(tool.parameters) for tool in offered}
    validate(json.loads(call.arguments), schemas[call.name])
    assert text == ""


@pytest.mark.models
async def test_a_schema_that_makes_no_grammar_costs_the_choice_and_not_the_answer(
    by_routing: LlamaLanguageModel,
) -> None:
    odd = ToolSpec("odd", "Be odd.\nExample: Be odd. -> {}", '{"type":"object","$ref":"#/$defs/none"}')
    options = GenerateOptions(max_tokens=8, tools=(odd,))
    text, calls = await given(by_routing, (SYSTEM, Message("user", "Who are you?")), options)
    assert text
    assert calls == []
