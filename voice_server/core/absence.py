"""The client is away and may come back: nothing sounds meanwhile, and nobody waits for more of its voice.

What was begun goes on: a sentence that was cut off is a turn with the words that arrived, and its answer is
made. It sounds when the client is back, and what was being spoken goes on at the sample last heard.
"""

from __future__ import annotations

from typing import assert_never

from voice_server.core import events
from voice_server.core.answering import Answering
from voice_server.core.client_turns import ClientTurns
from voice_server.core.floor import FloorKeeper
from voice_server.core.listening import Listening


class Absence:
    """From the loss of the connection to the next one."""

    def __init__(
        self, keeper: FloorKeeper, listening: Listening, answering: Answering, turns: ClientTurns
    ) -> None:
        self._keeper = keeper
        self._listening = listening
        self._answering = answering
        self._turns = turns

    def handle(self, event: events.PresenceEvent, now_ms: int) -> None:
        """The client went, fell silent for that reason, or came back. Each may come at any time."""
        match event:
            case events.Disconnected():
                self._answering.suspend(event.response, event.sent, now_ms)
            case events.SoundEnded():
                self._end_sound(event.heard_ms, now_ms)
            case events.Reconnected():
                self._listening.clock.set(event.heard_ms, now_ms)
                self._answering.go_on(event.response, event.played_ms, now_ms)
            case events.TextHeld():
                if (answer := self._answering.answer) and answer.id == event.response:
                    answer.unread = event.held
            case _:
                assert_never(event)

    def _end_sound(self, heard_ms: int, now_ms: int) -> None:
        """Whatever the user was about to say: what arrived is the turn."""
        if self._listening.speaking:
            self._keeper.speech_stopped(events.SpeechStopped(heard_ms, heard_ms), now_ms)
        self._turns.end(heard_ms, now_ms)
