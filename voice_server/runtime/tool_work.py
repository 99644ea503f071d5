"""The server's own tools at work: one task for each call, ended by its last output or by the core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing

from voice_server.core import commands, events
from voice_server.core.tools import ToolCall, shortened
from voice_server.errors import ToolError
from voice_server.ports import ToolOutput, ToolRunner
from voice_server.runtime.asking import Tell


class ToolWork:
    """Of one session. No output longer than `limit_chars` goes any further."""

    def __init__(
        self,
        runner: ToolRunner,
        limit_chars: int,
        begin: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
        tell: Tell,
    ) -> None:
        self._runner = runner
        self._limit_chars = limit_chars
        self._begin = begin
        self._tell = tell
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def carry_out(self, order: commands.ToolOrder) -> None:
        """Run a tool, or end one."""
        match order:
            case commands.RunTool(call=call):
                task = self._tasks[call.id] = self._begin(self._run(call))
                task.add_done_callback(lambda _: self._tasks.pop(call.id, None))
            case commands.CancelTool(call=id):
                if task_to_end := self._tasks.get(id):
                    task_to_end.cancel()

    async def _run(self, call: ToolCall) -> None:
        try:
            await self._pass_on(call)
        except ToolError as error:
            self._tell(events.ToolAnswered(call.id, None, shortened(str(error), self._limit_chars)))

    async def _pass_on(self, call: ToolCall) -> None:
        async with aclosing(self._runner.run(call)) as outputs:
            async for output in outputs:
                self._answer(call, output)
                if output.final:
                    return
        raise ToolError(f"{call.name} ended without a result")

    def _answer(self, call: ToolCall, output: ToolOutput) -> None:
        text = shortened(output.text, self._limit_chars)
        self._tell(events.ToolAnswered(call.id, text, None, output.final, output.speak))
