"""Which calls of tools are open, and how each of the others ended: one ending for each, and never another.

    open ──► ANSWERED | FAILED | CANCELLED | TIMED_OUT

Whatever would end a call twice raises CoreError and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from voice_server.core.tools import OnBargeIn, ToolCall
from voice_server.errors import CoreError

REMEMBERED = 256
"""So many ended calls are known by their ending; of older ones only that they are not open."""


class Outcome(Enum):
    """How a call ended, as a client may read it."""

    ANSWERED = "has been answered already"
    FAILED = "has failed already"
    CANCELLED = "was cancelled"
    TIMED_OUT = "was given up: its result came too late"


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call whose result is awaited. Times are session ms."""

    call: ToolCall
    response: int
    """In which it was made."""
    turn: int
    """Which that response answered."""
    at_server: bool
    on_barge_in: OnBargeIn
    opened_ms: int
    due_ms: int
    """From then on it has timed out."""
    excused: bool = False
    """The user was told that it takes a while, or need not be."""


class ToolLedger:
    """The calls of one session. Their ids are `call_1`, `call_2`, …: models repeat theirs."""

    def __init__(self) -> None:
        self._opened = 0
        self._running: dict[str, OpenCall] = {}
        self._ended: dict[str, Outcome] = {}

    @property
    def running(self) -> tuple[OpenCall, ...]:
        """The open calls, oldest first."""
        return tuple(self._running.values())

    def next_id(self) -> str:
        """The name of the next call; each time another."""
        self._opened += 1
        return f"call_{self._opened}"

    def open(self, call: OpenCall) -> None:
        """Await its result."""
        if call.call.id in self._running or call.call.id in self._ended:
            raise CoreError(f"the call {call.call.id} was opened before")
        self._running[call.call.id] = call

    def end(self, call: str, outcome: Outcome) -> OpenCall:
        """It ends so. Raises CoreError where no such call is open."""
        if call not in self._running:
            raise CoreError(self.why_not_open(call))
        self._ended[call] = outcome
        for oldest in list(self._ended)[:-REMEMBERED]:
            del self._ended[oldest]
        return self._running.pop(call)

    def find(self, call: str) -> OpenCall | None:
        """The open call of this id."""
        return self._running.get(call)

    def outcome(self, call: str) -> Outcome | None:
        """How it ended; None while it is open, and where nothing is known of it."""
        return self._ended.get(call)

    def why_not_open(self, call: str) -> str:
        """A sentence for whoever has a result that nobody waits for."""
        outcome = self._ended.get(call)
        return f"the call {call} {outcome.value}" if outcome else f"no call {call} is open"

    def due(self, now_ms: int) -> tuple[OpenCall, ...]:
        """The open calls whose time is over."""
        return tuple(each for each in self.running if each.due_ms <= now_ms)

    def excuse(self, calls: Iterable[OpenCall]) -> None:
        """The user knows that these take a while."""
        for each in calls:
            if each.call.id in self._running:
                self._running[each.call.id] = replace(each, excused=True)
