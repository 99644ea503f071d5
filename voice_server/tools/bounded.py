"""Limits that no tool can pass: how long it may take, and how much it may give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ToolError
from voice_server.ports import ToolOutput, ToolRunner


class BoundedTools:
    """Fits `ports.ToolRunner`: another one, held to limits.

    `timeout_ms` is the longest time until a result, or from one part of it to the next, where the tool itself
    says nothing; `output_chars` is as much as the model is shown of one output.
    """

    def __init__(self, runner: ToolRunner, timeout_ms: int, output_chars: int) -> None:
        self._runner = runner
        self._timeout_ms = timeout_ms
        self._output_chars = output_chars

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Each with its time limit."""
        return tuple(replace(s, timeout_ms=s.timeout_ms or self._timeout_ms) for s in self._runner.specs)

    async def run(self, call: ToolCall) -> AsyncGenerator[ToolOutput, None]:
        """Run it; a tool that takes too long is let go of, and has failed."""
        limits = {spec.name: spec.timeout_ms for spec in self._runner.specs}
        timeout_ms = limits.get(call.name) or self._timeout_ms
        async with aclosing(self._runner.run(call)) as outputs:
            while output := await _next(outputs, timeout_ms, call.name):
                yield self._cut(output)

    def _cut(self, output: ToolOutput) -> ToolOutput:
        length = len(output.text)
        if length <= self._output_chars:
            return output
        note = f" [cut here: the output has {length} characters]"
        return replace(output, text=output.text[: self._output_chars] + note)


async def _next(outputs: AsyncGenerator[ToolOutput, None], timeout_ms: int, name: str) -> ToolOutput | None:
    try:
        async with asyncio.timeout(timeout_ms / 1000) as limit:
            return await anext(outputs, None)
    except TimeoutError as error:
        if limit.expired():
            raise ToolError(f"{name} gave no result within {timeout_ms} ms") from error
        raise
