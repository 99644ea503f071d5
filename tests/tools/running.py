"""Running a tool to its end."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from pydantic_core import to_json

from voice_server.core.tools import ToolCall
from voice_server.ports import ToolOutput, ToolRunner


def calling(tool: str, /, **arguments: Any) -> ToolCall:
    """A call, as a model makes it."""
    return ToolCall("c1", tool, to_json(arguments).decode())


async def outputs(runner: ToolRunner, call: ToolCall) -> list[ToolOutput]:
    """All that came of it."""
    async with aclosing(runner.run(call)) as given:
        return [output async for output in given]


async def result(runner: ToolRunner, tool: str, /, **arguments: Any) -> str:
    """Its only output."""
    (output,) = await outputs(runner, calling(tool, **arguments))
    assert output.final
    return output.text
