"""One ending for each call of a tool, whatever happens in whatever order."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voice_server.core.tool_ledger import REMEMBERED, OpenCall, Outcome, ToolLedger
from voice_server.core.tools import ToolCall
from voice_server.errors import CoreError


def a_call(id: str, due_ms: int = 5_000) -> OpenCall:
    return OpenCall(ToolCall(id, "weather", "{}"), 1, 1, False, "finish", opened_ms=0, due_ms=due_ms)


def test_calls_are_numbered_whatever_the_model_calls_them() -> None:
    ledger = ToolLedger()
    assert [ledger.next_id() for _ in range(3)] == ["call_1", "call_2", "call_3"]


@pytest.mark.parametrize("outcome", Outcome)
def test_a_call_ends_once_and_says_how(outcome: Outcome) -> None:
    ledger = ToolLedger()
    ledger.open(a_call("call_1"))
    assert ledger.end("call_1", outcome) == a_call("call_1")
    for again in Outcome:
        with pytest.raises(CoreError, match=f"call_1 {outcome.value}"):
            ledger.end("call_1", again)
    assert (ledger.outcome("call_1"), ledger.find("call_1"), ledger.running) == (outcome, None, ())


def test_a_call_that_never_was_cannot_end() -> None:
    with pytest.raises(CoreError, match="no call call_7 is open"):
        ToolLedger().end("call_7", Outcome.ANSWERED)


def test_a_call_cannot_be_opened_again() -> None:
    ledger = ToolLedger()
    ledger.open(a_call("call_1"))
    with pytest.raises(CoreError, match="opened before"):
        ledger.open(a_call("call_1"))
    ledger.end("call_1", Outcome.ANSWERED)
    with pytest.raises(CoreError, match="opened before"):
        ledger.open(a_call("call_1"))


def test_a_call_is_due_at_its_time() -> None:
    ledger = ToolLedger()
    ledger.open(a_call("call_1", due_ms=900))
    ledger.open(a_call("call_2", due_ms=800))
    assert ledger.due(799) == ()
    assert [each.call.id for each in ledger.due(800)] == ["call_2"]
    assert [each.call.id for each in ledger.due(900)] == ["call_1", "call_2"]


def test_endings_are_remembered_but_not_for_ever() -> None:
    ledger = ToolLedger()
    for number in range(REMEMBERED + 1):
        ledger.open(a_call(f"call_{number}"))
        ledger.end(f"call_{number}", Outcome.FAILED)
    assert ledger.outcome("call_0") is None
    assert ledger.why_not_open("call_0") == "no call call_0 is open"
    assert ledger.outcome("call_1") is Outcome.FAILED


def test_a_call_is_excused_once() -> None:
    ledger = ToolLedger()
    first = a_call(ledger.next_id())
    ledger.open(first)
    ledger.excuse((first, a_call("call_9")))
    assert ledger.running == (replace(first, excused=True),)


class Ledgers(RuleBasedStateMachine):
    """Anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = ToolLedger()
        self.opened: list[str] = []
        self.endings: dict[str, Outcome] = {}

    @rule()
    def open(self) -> None:
        call = self.ledger.next_id()
        assert call not in self.opened
        self.ledger.open(a_call(call))
        self.opened.append(call)

    @rule(outcome=st.sampled_from(Outcome), data=st.data())
    def end(self, outcome: Outcome, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from([*self.opened, "call_0"]))
        if call in self.endings or call == "call_0":
            with pytest.raises(CoreError):
                self.ledger.end(call, outcome)
        else:
            self.ledger.end(call, outcome)
            self.endings[call] = outcome

    @invariant()
    def each_is_open_or_has_ended_once(self) -> None:
        running = [each.call.id for each in self.ledger.running]
        assert running == [call for call in self.opened if call not in self.endings]
        for call, outcome in self.endings.items():
            assert self.ledger.outcome(call) is outcome


TestLedgers = Ledgers.TestCase
