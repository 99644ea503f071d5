"""Nobody speaks: how long, and what follows.

After an answer the user's silence may count as a turn without words, which the assistant answers; and a
session in which nothing happens at all ends.
"""

from __future__ import annotations

from collections.abc import Callable

from voice_server.core.answering import Answering
from voice_server.core.commands import Command, TurnPassed
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.floor import FloorKeeper
from voice_server.core.listening import Listening
from voice_server.core.turns import Floor

MOST_PASSED = 3
"""Who lets so many turns in a row pass is not there: the assistant waits from then on."""


class Stillness:
    """Watches the open floor. Times are session ms."""

    def __init__(
        self,
        keeper: FloorKeeper,
        listening: Listening,
        answering: Answering,
        deadlines: Deadlines,
        emit: Callable[[Command], None],
    ) -> None:
        self._keeper = keeper
        self._listening = listening
        self._answering = answering
        self._deadlines = deadlines
        self._emit = emit
        self._idle_since_ms: int | None = None
        self._silent_since_ms: int | None = None

    def watch(self, now_ms: int, *, awaited: bool) -> None:
        """Set the next wakings. `awaited`: a tool's result is, so that it is not over yet."""
        if self._keeper.ended:
            return
        still = self._keeper.floor is Floor.OPEN and not awaited
        self._idle_since_ms = _since(self._idle_since_ms, now_ms) if still else None
        passing = still and self._may_pass
        self._silent_since_ms = _since(self._silent_since_ms, now_ms) if passing else None
        self._wake(Deadline.IDLE, self._idle_since_ms, self._keeper.policy.idle_limit_ms)
        self._wake(Deadline.PASSED, self._silent_since_ms, self._answering.config.turn.silence_limit_ms)

    def _wake(self, reason: Deadline, since_ms: int | None, limit_ms: int | None) -> None:
        if since_ms is None or limit_ms is None:
            self._deadlines.clear(reason)
        else:
            self._deadlines.set(reason, since_ms + limit_ms)

    @property
    def _may_pass(self) -> bool:
        """Whether it is the user's turn to speak, and they are there and do not."""
        turn, replies = self._answering.config.turn, self._keeper.replies
        if turn.mode == "manual" or not turn.answers or self._answering.away:
            return False
        return replies.spoke_last and replies.passed < MOST_PASSED and not self._listening.speaking

    def passed(self, now_ms: int) -> None:
        """The user has let a turn pass: the assistant goes on."""
        turn, clock = self._listening.new_turn(), self._listening.clock
        self._emit(TurnPassed(turn, clock.at(_since(self._silent_since_ms, now_ms)), clock.at(now_ms)))
        self._keeper.replies.pass_by(turn, self._keeper.policy.unsaid, now_ms)

    def idle(self, now_ms: int) -> None:
        """Nobody has spoken for long."""
        self._keeper.end("idle", now_ms)


def _since(began_ms: int | None, now_ms: int) -> int:
    return now_ms if began_ms is None else began_ms
