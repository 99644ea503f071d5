"""The model's calls of tools: opened, answered, given up, cancelled. What they gave becomes news.

Knows nothing of the floor. A call that is wrong is told to the model once, which may mend it; the second time
the user hears an apology.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voice_server.core import events
from voice_server.core.answer import Answer
from voice_server.core.answering import Answering
from voice_server.core.commands import CancelTool, Command, RunTool, ToolCalled, ToolCancelled, Trouble
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.news import Item
from voice_server.core.policy import Policy
from voice_server.core.tool_ledger import OpenCall, Outcome, ToolLedger
from voice_server.core.tools import Speak, ToolCall, ToolSpec, shortened


class ToolCalls:
    """Those of one session. Times are session ms."""

    def __init__(
        self, answering: Answering, policy: Policy, deadlines: Deadlines, emit: Callable[[Command], None]
    ) -> None:
        self.ledger = ToolLedger()
        self._answering = answering
        self._policy = policy
        self._deadlines = deadlines
        self._emit = emit
        self._mended: tuple[int, int] | None = None  # turn and response of the last wrong call

    # ── opened ──

    def take(self, now_ms: int) -> None:
        """Open the calls that the answer under way has made. Those of a draft wait for its release."""
        answer = self._answering.answer
        if answer and answer.released:
            for proposed in answer.take_proposed():
                self._take(answer, proposed, now_ms)

    def _take(self, answer: Answer, proposed: events.ToolCallProposed, now_ms: int) -> None:
        call = replace(proposed.call, id=self.ledger.next_id())
        spec = self._spec(call.name)
        problem = proposed.problem or ("" if spec else self._unknown(call.name))
        if spec is None or problem:
            self._refuse(answer, call, problem, now_ms)
        else:
            self._mended = None
            self._open(answer, call, spec, now_ms)

    def _open(self, answer: Answer, call: ToolCall, spec: ToolSpec, now_ms: int) -> None:
        opened = OpenCall(
            call,
            answer.id,
            answer.turn,
            at_server=spec in self._answering.config.server_tools,
            on_barge_in=spec.on_barge_in,
            opened_ms=now_ms,
            due_ms=now_ms + (spec.timeout_ms or self._policy.tool_timeout_ms),
        )
        self.ledger.open(opened)
        answer.calls += (call,)
        fact = ToolCalled(call.id, answer.id, call.name, call.arguments)
        self._emit(RunTool(call) if opened.at_server else fact)

    def _refuse(self, answer: Answer, call: ToolCall, problem: str, now_ms: int) -> None:
        if self._mended and self._mended[0] == answer.turn and self._mended[1] != answer.id:
            self._mended = None
            self._answering.text_over(
                now_ms, failure=f"the model called {call.name} wrongly again: {problem}"
            )
            return
        self._mended = (answer.turn, answer.id)
        call = replace(call, arguments="{}")  # what is wrong may be no JSON, which chat templates need
        answer.calls += (call,)
        self._learn(call, f"error: {problem}", "now", answer.turn, answer.id)

    def _spec(self, name: str) -> ToolSpec | None:
        return next((spec for spec in self._answering.tools if spec.name == name), None)

    def _unknown(self, name: str) -> str:
        known = ", ".join(spec.name for spec in self._answering.tools) or "none"
        return f"there is no tool {name!r}; the tools are: {known}"

    # ── ended ──

    def answered(self, event: events.ToolAnswered) -> None:
        """A result came, or a part of it. One that nobody waits for is a mistake of the sender."""
        opened = self.ledger.find(event.call)
        if opened is None:
            self._emit(Trouble("bad_field", f"call: {self.ledger.why_not_open(event.call)}", "call"))
            return
        if event.final:
            self.ledger.end(event.call, Outcome.ANSWERED if event.error is None else Outcome.FAILED)
        else:
            self.ledger.excuse((opened,))
        text = event.output if event.error is None else f"error: {event.error}"
        self._learn(opened.call, text or "(no output)", event.speak, opened.turn, opened.response)

    def give_up(self, now_ms: int) -> None:
        """The time of some calls is over."""
        for opened in self.ledger.due(now_ms):
            self._drop(opened, Outcome.TIMED_OUT, "now", "error: no result came in time")

    def barged_in(self) -> None:
        """The user speaks instead: calls that are of no use then are cancelled."""
        for opened in self.ledger.running:
            if opened.on_barge_in == "cancel":
                self._drop(opened, Outcome.CANCELLED, "never", "cancelled, because the user spoke")

    def cancel_all(self) -> None:
        """The session is over."""
        for opened in self.ledger.running:
            self._drop(opened, Outcome.CANCELLED, "never", "cancelled")

    def _drop(self, opened: OpenCall, outcome: Outcome, speak: Speak, why: str) -> None:
        self.ledger.end(opened.call.id, outcome)
        self._emit(CancelTool(opened.call.id) if opened.at_server else ToolCancelled(opened.call.id))
        self._learn(opened.call, why, speak, opened.turn, opened.response)

    def _learn(self, call: ToolCall, text: str, speak: Speak, turn: int, response: int) -> None:
        text = shortened(text, self._policy.tool_output_chars)
        self._answering.news.add(Item(text, speak, call.id, call.name, turn, response))

    # ── slow ──

    def slow(self, now_ms: int) -> bool:
        """Whether the user should be told now that a call takes a while. Each call is a reason once."""
        after_ms = self._answering.config.filler_after_ms
        slow = any(now_ms >= each.opened_ms + after_ms for each in self._unexcused())
        if slow:
            self.ledger.excuse(self._unexcused())
        return slow

    def watch(self) -> None:
        """Wake when a call is slow, or its time is over."""
        self._wake(Deadline.TOOL, [each.due_ms for each in self.ledger.running])
        after_ms = self._answering.config.filler_after_ms
        slow_ms = [each.opened_ms + after_ms for each in self._unexcused()]
        self._wake(Deadline.FILLER, slow_ms if self._answering.config.filler else [])

    def _unexcused(self) -> list[OpenCall]:
        return [each for each in self.ledger.running if not each.excused]

    def _wake(self, reason: Deadline, times_ms: list[int]) -> None:
        if times_ms:
            self._deadlines.set(reason, min(times_ms))
        else:
            self._deadlines.clear(reason)
