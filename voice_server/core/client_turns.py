"""Turns whose beginning or end the client says, whatever is heard: push-to-talk, commits, a lost line."""

from __future__ import annotations

from collections.abc import Callable

from voice_server.core.commands import Command, Trouble
from voice_server.core.floor import FloorKeeper
from voice_server.core.listening import Listening
from voice_server.core.turns import Floor


class ClientTurns:
    """Fits them to the floor. `heard_ms`, `start_ms` and `end_ms` are on the input clock."""

    def __init__(self, keeper: FloorKeeper, listening: Listening, emit: Callable[[Command], None]) -> None:
        self._keeper = keeper
        self._listening = listening
        self._emit = emit

    def start_clock(self, now_ms: int) -> None:
        """Sound is counted from here."""
        self._listening.clock.set(0, now_ms)

    def press(self, heard_ms: int, now_ms: int) -> None:
        """Push-to-talk: the user takes the floor."""
        if not self._keeper.manual or self._keeper.floor is Floor.USER:
            self._emit(Trouble("turn_mode", "turn.start means something only in manual mode, between turns"))
            return
        self._listening.clock.set(heard_ms, now_ms)
        self._keeper.cut_off("barge_in", now_ms)
        if self._keeper.floor is Floor.OPEN:
            self._keeper.open_turn(heard_ms)
        elif self._keeper.floor is Floor.ENDPOINTING:
            self._keeper.go_on(heard_ms, now_ms)

    def let_go(self, heard_ms: int, now_ms: int) -> None:
        """Push-to-talk: the turn is over; only its words are awaited."""
        if not self._keeper.manual or self._keeper.floor is not Floor.USER:
            self._emit(Trouble("turn_mode", "turn.commit means something only after turn.start"))
            return
        self._listening.clock.set(heard_ms, now_ms)
        self._keeper.close_turn(heard_ms, now_ms)

    def commit(self, start_ms: int, end_ms: int, now_ms: int) -> None:
        """The sound between these is a turn, whatever the silence says. It ends an answer that it may."""
        self._listening.clock.set(end_ms, now_ms)
        start_ms = max(start_ms, end_ms - self._listening.policy.turn_limit_ms)
        if self._keeper.overlap.applies:
            return self._keeper.overlap.commit(start_ms, end_ms, now_ms)
        if self._keeper.floor in (Floor.THINKING, Floor.AGENT, Floor.CONTESTED):
            self._keeper.cut_off("barge_in", now_ms)
        if self._keeper.floor is Floor.OPEN:
            self._keeper.open_turn(start_ms)
        self.end(end_ms, now_ms)

    def clear(self, heard_ms: int, now_ms: int) -> None:
        """What the user was saying is no turn."""
        self._listening.clock.set(heard_ms, now_ms)
        if self._keeper.overlap.applies:
            self._listening.drop(now_ms)
        elif self._keeper.floor in (Floor.USER, Floor.ENDPOINTING):
            self._keeper.drop_turn(now_ms)

    def end(self, heard_ms: int, now_ms: int) -> None:
        """Nothing that comes later belongs to the turn, if there is one."""
        if self._keeper.overlap.applies:
            self._keeper.overlap.close(heard_ms, now_ms)
        elif self._keeper.floor is Floor.USER:
            self._keeper.close_turn(heard_ms, now_ms)
        elif self._keeper.floor is Floor.ENDPOINTING:
            self._listening.declare_over()
            self._keeper.weigh_silence(now_ms)
