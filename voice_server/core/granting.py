"""What a client asks for that keeps turns and history itself, fitted to the floor."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from voice_server.core import requests
from voice_server.core.answering import Answering
from voice_server.core.commands import Command, Trouble
from voice_server.core.floor import FloorKeeper
from voice_server.core.listening import Listening
from voice_server.core.turns import Floor


class Granting:
    """Gives what can be given, and says what cannot."""

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

    def handle(self, event: requests.RequestEvent, now_ms: int) -> None:
        """Do as the client asks."""
        conversation = self._answering.conversation
        match event:
            case requests.AnswerWanted():
                if not self._keeper.replies.want(event):
                    why = "an answer is under way, or asked for"
                    self._emit(Trouble("not_now", why, asked=event.tag))
            case requests.InputCommitted():
                self._commit(event, now_ms)
            case requests.InputCleared():
                self._clear(event.heard_ms, now_ms)
            case requests.MessageAdded():
                conversation.insert(event.key, event.message, event.after)
            case requests.MessageRemoved():
                conversation.remove(event.key)
            case requests.HeardCorrected():
                self._answering.correct(event.response, event.played_ms, now_ms)
            case _:
                assert_never(event)

    def _commit(self, event: requests.InputCommitted, now_ms: int) -> None:
        """The sound up to here is a turn, whatever the silence says. It interrupts an answer."""
        self._listening.clock.set(event.end_ms, now_ms)
        if self._keeper.floor in (Floor.THINKING, Floor.AGENT, Floor.CONTESTED):
            self._keeper.cut_off("barge_in", now_ms)
        if self._keeper.floor is Floor.OPEN:
            self._keeper.open_turn(max(event.start_ms, event.end_ms - self._listening.policy.turn_limit_ms))
        if self._keeper.floor is Floor.USER:
            self._keeper.close_turn(event.end_ms, now_ms)
        elif self._keeper.floor is Floor.ENDPOINTING:
            self._listening.declare_over()
            self._keeper.weigh_silence(now_ms)

    def _clear(self, heard_ms: int, now_ms: int) -> None:
        """What the user was saying is no turn."""
        self._listening.clock.set(heard_ms, now_ms)
        if self._keeper.floor in (Floor.USER, Floor.ENDPOINTING):
            self._keeper.drop_turn(now_ms)
