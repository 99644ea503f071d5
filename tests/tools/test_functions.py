"""Tools that are functions: sync, async, in parts, and what goes wrong in them."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from tests.tools.running import calling, outputs, result
from voice_server.core.tools import ToolCall
from voice_server.errors import ConfigurationError, ToolError
from voice_server.tools import FunctionTool, ToolOutput, tool
from voice_server.tools.functions import FunctionTools


@tool
def double(number: float) -> float:
    """Double a number."""
    return 2 * number


@tool
async def greet(name: str) -> str:
    """Greet somebody."""
    await asyncio.sleep(0)
    return f"Hello, {name}!"


@tool
async def count(to: int) -> AsyncIterator[ToolOutput | str]:
    """Count."""
    for number in range(1, to):
        yield ToolOutput(str(number), final=False)
    yield str(to)
    raise AssertionError("nobody asks for more than the last of it")


async def test_a_plain_function_runs_in_a_thread_of_its_own() -> None:
    @tool
    def where() -> str:
        """Where it runs."""
        return threading.current_thread().name

    tools = FunctionTools([where, double])
    assert await result(tools, "where") == "tool"
    assert await result(tools, "double", number=1.5) == "3.0"


async def test_an_async_function_runs_on_the_loop() -> None:
    @tool
    async def where() -> str:
        """Where it runs."""
        return threading.current_thread().name

    tools = FunctionTools([where, greet])
    assert await result(tools, "where") == threading.current_thread().name
    assert await result(tools, "greet", name="Ada") == "Hello, Ada!"


async def test_a_result_in_parts() -> None:
    parts = await outputs(FunctionTools([count]), calling("count", to=3))
    assert parts == [ToolOutput("1", final=False), ToolOutput("2", final=False), ToolOutput("3")]


async def test_what_is_no_text_is_given_as_json() -> None:
    @tool
    def look(what: str) -> object:
        """Look."""
        return {"list": [1, "ä", None], "thing": Thing()} if what == "all" else None

    class Thing:
        def __str__(self) -> str:
            return "a thing"

    tools = FunctionTools([look])
    assert await result(tools, "look", what="all") == '{"list":[1,"ä",null],"thing":"a thing"}'
    assert await result(tools, "look", what="nothing") == "done"


async def test_the_specs_are_those_of_the_functions() -> None:
    assert FunctionTools([double, greet]).specs == (double.spec, greet.spec)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two tools are called double: rename one"):
        FunctionTools([double, tool(name="double")(greet.function)])


@tool
def burn() -> None:
    """Fail."""
    raise OSError("it is on fire")


@tool
async def burn_later() -> None:
    """Fail."""
    raise OSError("it is on fire")


@tool
async def burn_on() -> AsyncIterator[ToolOutput]:
    """Fail after a part."""
    yield ToolOutput("smoke", final=False)
    raise OSError("it is on fire")


@tool
async def never_done() -> AsyncIterator[ToolOutput]:
    """Give a part and no end."""
    yield ToolOutput("half", final=False)


@tool
def leave() -> None:
    """End the process, as it believes."""
    sys.exit(3)


@tool
def iterate() -> None:
    """Raise what no future takes."""
    next(iter(()))


@tool
def unwritable() -> object:
    """Give what no JSON can hold."""

    class Stubborn:
        def __str__(self) -> str:
            raise ValueError("no words for it")

    return Stubborn()


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (burn, "burn failed: OSError: it is on fire"),
        (burn_later, "burn_later failed: OSError: it is on fire"),
        (burn_on, "burn_on failed: OSError: it is on fire"),
        (never_done, "never_done ended without a result"),
        (leave, "leave failed: RuntimeError: it raised SystemExit"),
        (iterate, "iterate failed: RuntimeError: it raised StopIteration"),
        (unwritable, "unwritable failed: .*no words for it"),
    ],
)
async def test_a_tool_that_fails_is_an_error_that_the_model_can_read(
    broken: FunctionTool, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    tools = FunctionTools([broken, double])
    with caplog.at_level(logging.CRITICAL), pytest.raises(ToolError, match=complaint):
        await outputs(tools, ToolCall("c1", broken.spec.name, "{}"))
    assert await result(tools, "double", number=2) == "4.0"


async def test_what_a_tool_says_went_wrong_is_passed_on_as_it_is() -> None:
    @tool
    def refuse() -> None:
        """Refuse."""
        raise ToolError("not today")

    with pytest.raises(ToolError, match=r"^not today$"):
        await result(FunctionTools([refuse]), "refuse")


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (ToolCall("c1", "triple", "{}"), "there is no tool 'triple'"),
        (ToolCall("c1", "double", "two"), "the arguments do not fit: Invalid JSON"),
        (ToolCall("c1", "double", '{"number":"two"}'), "number: Input should be a valid number"),
        (ToolCall("c1", "double", "{}"), "number: Field required"),
    ],
)
async def test_a_bad_call_is_explained(call: ToolCall, complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        await outputs(FunctionTools([double]), call)


async def test_a_function_that_hangs_keeps_its_thread_and_no_other() -> None:
    hanging, freed = threading.Event(), threading.Event()

    @tool
    def hang() -> None:
        """Hang."""
        hanging.set()
        freed.wait()

    tools = FunctionTools([hang, double], threads=2)
    calls = [asyncio.create_task(result(tools, "hang")) for _ in range(2)]
    await asyncio.to_thread(hanging.wait)
    with pytest.raises(ToolError, match="2 tools are running already"):
        await result(tools, "double", number=1)
    calls[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await calls[0]
    with pytest.raises(ToolError, match="2 tools are running already"):  # it hangs on, wanted or not
        await result(tools, "double", number=1)
    freed.set()
    assert await calls[1] == "done"
    assert await result(tools, "hang") == "done"


async def test_closing_ends_an_async_tool() -> None:
    ended = asyncio.Event()

    @tool
    async def wait() -> AsyncIterator[ToolOutput]:
        """Wait for ever."""
        try:
            yield ToolOutput("waiting", final=False)
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with aclosing(FunctionTools([wait]).run(calling("wait"))) as given:
        assert await anext(given) == ToolOutput("waiting", final=False)
    assert ended.is_set()
