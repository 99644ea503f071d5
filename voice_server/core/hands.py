"""What the client does by hand: typing, the stop button, push-to-talk, settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from voice_server.core import events
from voice_server.core.answering import Answering
from voice_server.core.commands import Command, ConfigChanged, Trouble
from voice_server.core.floor import FloorKeeper
from voice_server.core.listening import Listening
from voice_server.core.policy import SessionConfig
from voice_server.core.turns import Floor


class Hands:
    """Fits the client's wishes to the floor."""

    def __init__(
        self,
        keeper: FloorKeeper,
        listening: Listening,
        answering: Answering,
        emit: Callable[[Command], None],
    ) -> None:
        self._keeper = keeper
        self._listening = listening
        self._answering = answering
        self._emit = emit

    @property
    def _manual(self) -> bool:
        return self._answering.config.turn.mode == "manual"

    def handle(self, event: events.ClientEvent, now_ms: int) -> None:
        """Do as the client says."""
        match event:
            case events.SessionBegan():
                self._greet(now_ms)
            case events.Configured():
                self._configure(event.config, now_ms)
            case events.UserTyped():
                if event.interrupt:
                    self._keeper.cut_off("replaced", now_ms)
                self._keeper.type(event.text, now_ms)
            case events.Interrupted():
                self._keeper.cut_off("client", now_ms)
            case events.TurnStarted():
                self._press(event.heard_ms, now_ms)
            case events.TurnCommitted():
                self._let_go(event.heard_ms, now_ms)
            case events.SessionEnding():
                self._keeper.end(event.reason, now_ms)
            case _:
                assert_never(event)

    def _greet(self, now_ms: int) -> None:
        self._listening.clock.set(0, now_ms)
        if self._answering.config.greeting:
            self._keeper.say(self._answering.config.greeting, now_ms)

    def _configure(self, config: SessionConfig, now_ms: int) -> None:
        mode_changed = config.turn.mode != self._answering.config.turn.mode
        self._answering.configure(config)
        self._emit(ConfigChanged(config))
        self._keeper.reconfigured(mode_changed=mode_changed, now_ms=now_ms)

    def _press(self, heard_ms: int, now_ms: int) -> None:
        """Push-to-talk: the user takes the floor."""
        if not self._manual or self._keeper.floor is Floor.USER:
            self._emit(Trouble("turn_mode", "turn.start means something only in manual mode, between turns"))
            return
        self._listening.clock.set(heard_ms, now_ms)
        self._keeper.cut_off("barge_in", now_ms)
        if self._keeper.floor is Floor.OPEN:
            self._keeper.open_turn(heard_ms)
        elif self._keeper.floor is Floor.ENDPOINTING:
            self._keeper.go_on(heard_ms, now_ms)

    def _let_go(self, heard_ms: int, now_ms: int) -> None:
        """Push-to-talk: the turn is over; only its words are awaited."""
        if not self._manual or self._keeper.floor is not Floor.USER:
            self._emit(Trouble("turn_mode", "turn.commit means something only after turn.start"))
            return
        self._listening.clock.set(heard_ms, now_ms)
        self._keeper.close_turn(heard_ms, now_ms)
