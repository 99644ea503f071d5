"""What the client wants: typing, the stop button, settings; answers and items, where it keeps the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from voice_server.core import events, requests
from voice_server.core.answering import Answering
from voice_server.core.client_turns import ClientTurns
from voice_server.core.commands import Command, ConfigChanged, Prime, Trouble
from voice_server.core.floor import FloorKeeper
from voice_server.core.policy import SessionConfig


class Hands:
    """Fits the client's wishes to the floor; gives what can be given, and says what cannot."""

    def __init__(
        self,
        keeper: FloorKeeper,
        answering: Answering,
        turns: ClientTurns,
        emit: Callable[[Command], None],
    ) -> None:
        self._keeper = keeper
        self._answering = answering
        self._turns = turns
        self._emit = emit

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
                self._turns.press(event.heard_ms, now_ms)
            case events.TurnCommitted():
                self._turns.let_go(event.heard_ms, now_ms)
            case events.SessionEnding():
                self._keeper.end(event.reason, now_ms)
            case _:
                assert_never(event)

    def grant(self, event: requests.RequestEvent, now_ms: int) -> None:
        """Do as a client asks that keeps turns and history itself."""
        conversation = self._answering.conversation
        match event:
            case requests.AnswerWanted():
                if not self._keeper.replies.want(event):
                    why = "an answer is under way, or asked for"
                    self._emit(Trouble("not_now", why, asked=event.tag))
            case requests.InputCommitted():
                self._turns.commit(event.start_ms, event.end_ms, now_ms)
            case requests.InputCleared():
                self._turns.clear(event.heard_ms, now_ms)
            case requests.MessageAdded():
                conversation.insert(event.key, event.message, event.after)
            case requests.MessageRemoved():
                conversation.remove(event.key)
            case requests.HeardCorrected():
                self._answering.correct(event.response, event.played_ms, now_ms)
            case _:
                assert_never(event)

    def _greet(self, now_ms: int) -> None:
        self._turns.start_clock(now_ms)
        self._show_tools()
        if self._answering.config.greeting:
            self._keeper.replies.say(self._answering.config.greeting, now_ms)

    def _configure(self, config: SessionConfig, now_ms: int) -> None:
        former = self._answering.config
        mode_changed = config.turn.mode != former.turn.mode
        self._answering.configure(config)
        self._emit(ConfigChanged(config))
        if config.tools != former.tools:
            self._show_tools()
        self._keeper.reconfigured(mode_changed=mode_changed, now_ms=now_ms)

    def _show_tools(self) -> None:
        """A small model takes seconds to read them: now, and not when they are needed."""
        if self._answering.config.tools:
            self._emit(Prime(self._answering.conversation.prompt()))
