"""Running tools that are functions of ours: in a thread, on the event loop, or part by part."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

from pydantic_core import to_json

from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ConfigurationError, ToolError
from voice_server.ports import ToolOutput
from voice_server.tools.declaring import FunctionTool
from voice_server.tools.threads import ToolThreads

THREADS = 16
NOTHING = "done"
"""The output of a function that returns None."""

logger = logging.getLogger(__name__)


class FunctionTools:
    """Fits `ports.ToolRunner`. Raises ConfigurationError where two tools have one name."""

    def __init__(self, tools: Iterable[FunctionTool], threads: int = THREADS) -> None:
        self._tools: dict[str, FunctionTool] = {}
        for tool in tools:
            if self._tools.setdefault(tool.spec.name, tool) is not tool:
                raise ConfigurationError(f"two tools are called {tool.spec.name}: rename one")
        self._threads = ToolThreads(threads)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """In the order in which they came."""
        return tuple(tool.spec for tool in self._tools.values())

    async def run(self, call: ToolCall) -> AsyncGenerator[ToolOutput, None]:
        """Run the function. What it raises becomes a ToolError, and is logged."""
        tool = self._tools.get(call.name)
        if tool is None:
            raise ToolError(f"there is no tool {call.name!r}")
        arguments = tool.arguments.read(call.arguments)
        try:
            async with aclosing(self._outputs(tool, arguments)) as outputs:
                async for output in outputs:
                    yield output
        except ToolError:
            raise
        except Exception as error:
            logger.exception("the tool %s failed", call.name)
            raise ToolError(f"{call.name} failed: {type(error).__name__}: {error}") from error

    async def _outputs(
        self, tool: FunctionTool, arguments: dict[str, Any]
    ) -> AsyncGenerator[ToolOutput, None]:
        function = tool.function
        if inspect.isasyncgenfunction(function):
            async with aclosing(function(**arguments)) as parts:
                async for part in parts:
                    yield (output := _output(part))
                    if output.final:
                        return
            raise ToolError(f"{tool.spec.name} ended without a result")
        elif inspect.iscoroutinefunction(function):
            yield _output(await function(**arguments))
        else:
            yield await self._threads.run(lambda: _output(function(**arguments)))


def _output(given: object) -> ToolOutput:
    """Text as it is, and whatever else as JSON."""
    if isinstance(given, ToolOutput):
        return given
    if isinstance(given, str):
        return ToolOutput(given)
    return ToolOutput(NOTHING if given is None else to_json(given, fallback=str).decode())
