"""Limits of time and size, which no tool passes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from tests.conftest import RunVirtual
from tests.tools.running import calling, outputs, result
from voice_server.errors import ToolError
from voice_server.tools import FunctionTool, ToolOutput, tool
from voice_server.tools.bounded import BoundedTools
from voice_server.tools.functions import FunctionTools


def bounded(*tools: FunctionTool, timeout_ms: int = 1_000, output_chars: int = 20) -> BoundedTools:
    return BoundedTools(FunctionTools(tools), timeout_ms, output_chars)


@tool
async def wait(seconds: float) -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    return "waited"


@tool(timeout_ms=5_000)
async def wait_long(seconds: float) -> str:
    """Wait for longer than others may."""
    await asyncio.sleep(seconds)
    return "waited"


def test_a_tool_has_the_default_limit_or_its_own(run_virtual: RunVirtual) -> None:
    tools = bounded(wait, wait_long)
    assert [spec.timeout_ms for spec in tools.specs] == [1_000, 5_000]

    async def call() -> None:
        assert await result(tools, "wait", seconds=0.9) == "waited"
        assert await result(tools, "wait_long", seconds=4.9) == "waited"
        with pytest.raises(ToolError, match="wait gave no result within 1000 ms"):
            await result(tools, "wait", seconds=1.1)
        with pytest.raises(ToolError, match="wait_long gave no result within 5000 ms"):
            await result(tools, "wait_long", seconds=5.1)

    run_virtual(call())


def test_each_part_of_a_result_has_its_time(run_virtual: RunVirtual) -> None:
    ended = []

    @tool
    async def drip(seconds: float) -> AsyncIterator[ToolOutput]:
        """Give something every now and then."""
        try:
            for _ in range(5):
                await asyncio.sleep(seconds)
                yield ToolOutput("drop", final=False)
            yield ToolOutput("empty")
        finally:
            ended.append(seconds)

    async def call() -> None:
        assert len(await outputs(bounded(drip), calling("drip", seconds=0.9))) == 6
        with pytest.raises(ToolError, match="drip gave no result within 1000 ms"):
            await outputs(bounded(drip), calling("drip", seconds=1.1))

    run_virtual(call())
    assert ended == [0.9, 1.1]


async def test_a_function_that_hangs_is_let_go_of() -> None:
    freed = threading.Event()

    @tool
    def hang() -> None:
        """Hang."""
        freed.wait()

    with pytest.raises(ToolError, match="hang gave no result within 1 ms"):
        await result(bounded(hang, timeout_ms=1), "hang")
    freed.set()


async def test_the_tool_s_own_timeouts_are_its_own_affair() -> None:
    @tool
    async def impatient() -> None:
        """Lose patience."""
        raise TimeoutError("too slow")

    with pytest.raises(ToolError, match="impatient failed: TimeoutError: too slow"):
        await result(bounded(impatient), "impatient")


async def test_an_output_of_ten_megabytes_is_cut() -> None:
    @tool
    def read() -> str:
        """Read a long book."""
        return "abcde" * 2_000_000

    text = await result(bounded(read, timeout_ms=60_000), "read")
    assert text == "abcdeabcdeabcdeabcde [cut here: the output has 10000000 characters]"


async def test_what_fits_is_not_touched_and_parts_stay_parts() -> None:
    @tool
    async def read() -> AsyncIterator[ToolOutput]:
        """Read."""
        yield ToolOutput("a" * 20, final=False)
        yield ToolOutput("a" * 21, final=False)
        yield ToolOutput("")

    first, second, last = await outputs(bounded(read), calling("read"))
    assert first == ToolOutput("a" * 20, final=False)
    assert second == ToolOutput("a" * 20 + " [cut here: the output has 21 characters]", final=False)
    assert last == ToolOutput("")


async def test_an_unknown_tool_is_one_here_too() -> None:
    with pytest.raises(ToolError, match="there is no tool 'fly'"):
        await result(bounded(wait), "fly")
