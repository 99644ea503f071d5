"""Tools from several places as one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ToolError
from voice_server.ports import ToolOutput, ToolRunner


class SeveralTools:
    """Fits `ports.ToolRunner`. Where two runners have a tool of one name, the first one's is the one.

    `timeout_ms`: after so long without its result a call has failed, unless its tool says something else; the
    core sees to it.
    """

    def __init__(self, runners: Sequence[ToolRunner], timeout_ms: int) -> None:
        self._runners = runners
        self._timeout_ms = timeout_ms

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Those that there are now: a runner may lose tools and find them again."""
        named: dict[str, ToolSpec] = {}
        for runner in self._runners:
            for spec in runner.specs:
                named.setdefault(spec.name, replace(spec, timeout_ms=spec.timeout_ms or self._timeout_ms))
        return tuple(named.values())

    async def run(self, call: ToolCall) -> AsyncGenerator[ToolOutput, None]:
        """Have it run by who has it."""
        for runner in self._runners:
            if any(spec.name == call.name for spec in runner.specs):
                async with aclosing(runner.run(call)) as outputs:
                    async for output in outputs:
                        yield output
                return
        raise ToolError(f"there is no tool {call.name!r}")
