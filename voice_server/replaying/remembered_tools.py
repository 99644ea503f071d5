"""The server's own tools, from memory: they give what they gave in a captured session, as late."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence

from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ToolError
from voice_server.ports import ToolOutput
from voice_server.replaying.memories import Output
from voice_server.replaying.patient_clock import PatientClock


class RememberedTools:
    """Fits `ports.ToolRunner`. What was never asked of them they cannot know, and fail."""

    def __init__(
        self,
        known: Mapping[tuple[str, str], Sequence[Output]],
        specs: tuple[ToolSpec, ...],
        clock: PatientClock,
    ) -> None:
        self.specs = specs
        self._known = known
        self._clock = clock

    async def run(self, call: ToolCall) -> AsyncGenerator[ToolOutput, None]:
        """What came of the same call then."""
        before_ms = 0
        for output in self._known.get((call.name, call.arguments), ()):
            await self._clock.pause(output.after_ms - before_ms)
            before_ms = output.after_ms
            if output.failed:
                raise ToolError(output.text)
            yield ToolOutput(output.text, output.final)
            if output.final:
                return
        raise ToolError(f"nobody called {call.name} with {call.arguments} then")
