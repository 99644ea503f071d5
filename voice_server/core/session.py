"""The whole core: events in, commands out, and the time of the next waking.

This file says which event and which deadline goes where. Who may speak is decided in `floor`; what the user
says is followed in `listening`, what the assistant says in `answering`; the client's wishes are in `hands`,
the turns that it cuts itself in `client_turns`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from voice_server.core import events
from voice_server.core.absence import Absence
from voice_server.core.answering import Answering
from voice_server.core.bulletin import Bulletin
from voice_server.core.client_turns import ClientTurns
from voice_server.core.commands import Command
from voice_server.core.conversation import Conversation
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.floor import FloorKeeper
from voice_server.core.hands import Hands
from voice_server.core.listening import Listening
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.requests import RequestEvent
from voice_server.core.stillness import Stillness
from voice_server.core.tool_ledger import OpenCall
from voice_server.core.turns import Floor


class Session:
    """One conversation. Times are integer milliseconds since the session began.

    An event about a request or response that is no longer current is ignored. A local event that cannot be
    (speech that starts twice) raises CoreError and changes nothing.
    """

    def __init__(self, config: SessionConfig, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self._out: list[Command] = []
        self._deadlines = Deadlines()
        self._listening = Listening(self.policy, self._deadlines, self._emit)
        self._answering = Answering(config, self.policy, self._deadlines, self._emit)
        self._keeper = FloorKeeper(self._listening, self._answering, self._deadlines, self._emit)
        turns = ClientTurns(self._keeper, self._listening, self._emit)
        self._hands = Hands(self._keeper, self._answering, turns, self._emit)
        self._absence = Absence(self._keeper, self._listening, self._answering, turns)
        self._bulletin = Bulletin(self._keeper, self._answering, self._deadlines, self._emit)
        self._stillness = Stillness(
            self._keeper, self._listening, self._answering, self._deadlines, self._emit
        )
        self._on_waking = self._wakings()

    # ── the three entrances ──

    def receive(self, event: events.Event, now_ms: int) -> list[Command]:
        """Something happened."""
        if not self.ended:
            self._handle(event, now_ms)
            self._settle(now_ms)
        return self._take()

    def next_deadline(self) -> int | None:
        """When `expire` wants to be called, if nothing happens before."""
        return None if self.ended else self._deadlines.next()

    def expire(self, now_ms: int) -> list[Command]:
        """Time has passed: handle every deadline that is due."""
        while not self.ended and (reason := self._deadlines.due(now_ms)):
            self._on_waking[reason](now_ms)
            self._settle(now_ms)
        return self._take()

    def _settle(self, now_ms: int) -> None:
        self._bulletin.settle(now_ms)
        self._keeper.settle(now_ms)
        self._bulletin.watch()
        self._stillness.watch(now_ms, awaited=bool(self.open_calls))

    # ── what one may look at ──

    @property
    def floor(self) -> Floor:
        """Who may speak."""
        return self._keeper.floor

    @property
    def ended(self) -> bool:
        """Whether the session is over; it then takes no more events."""
        return self._keeper.ended

    @property
    def config(self) -> SessionConfig:
        """What the session wants now."""
        return self._answering.config

    @property
    def conversation(self) -> Conversation:
        """What was said so far."""
        return self._answering.conversation

    @property
    def open_calls(self) -> tuple[OpenCall, ...]:
        """The calls of tools whose results are awaited, oldest first."""
        return self._bulletin.calls.ledger.running

    @property
    def at_rest(self) -> bool:
        """Whether nobody speaks and nothing is about to be said."""
        return self.floor is Floor.OPEN and self._answering.answer is None

    def heard_ms(self, now_ms: int) -> int:
        """The input clock at this moment, if sound has kept coming."""
        return self._listening.clock.at(now_ms)

    def played_samples(self, response: int, now_ms: int) -> int:
        """Where the loudspeaker is in this response: what the runtime paces itself by."""
        answer = self._answering.answer
        return answer.playout.position(now_ms) if answer and answer.id == response else 0

    # ── dispatch ──

    def _handle(self, event: events.Event, now_ms: int) -> None:
        if isinstance(event, events.SessionEnding):
            self._bulletin.calls.cancel_all()
        if isinstance(event, events.ClientEvent):
            self._hands.handle(event, now_ms)
        elif isinstance(event, events.NewsEvent):
            self._bulletin.handle(event)
        elif isinstance(event, RequestEvent):
            self._hands.grant(event, now_ms)
        elif isinstance(event, events.PresenceEvent):
            self._absence.handle(event, now_ms)
        elif isinstance(event, events.VoiceEvent):
            self._hear(event, now_ms)
        else:
            self._answering.handle(event, now_ms)

    def _hear(self, event: events.VoiceEvent, now_ms: int) -> None:
        match event:
            case events.SpeechStarted():
                self._keeper.speech_started(event, now_ms)
            case events.SpeechFaded():
                # a recording may come faster than it sounds
                self._listening.clock.set(event.heard_ms, now_ms)
                self._keeper.speech_faded(event, now_ms)
            case events.SpeechStopped():
                self._keeper.speech_stopped(event, now_ms)
            case events.Transcribed():
                self._keeper.transcribed(event, now_ms)
            case events.TranscriptionFailed():
                self._keeper.transcription_failed(event.request, now_ms)
            case events.TurnScored():
                self._keeper.scored(event.request, event.probability, now_ms)
            case events.TurnScoringFailed():
                self._keeper.scored(event.request, None, now_ms)
            case _:
                assert_never(event)

    def _wakings(self) -> dict[Deadline, Callable[[int], None]]:
        keeper = self._keeper
        return {
            Deadline.PARTIAL: self._listening.ask_partial,
            Deadline.SCORE: self._listening.ask_score,
            Deadline.TRANSCRIPT: keeper.words_missing,
            Deadline.END_OF_TURN: keeper.weigh_silence,
            Deadline.CONTESTED: keeper.decide,
            Deadline.TURN_LIMIT: keeper.split_turn,
            Deadline.GENERATION: self._answering.text_missing,
            Deadline.SYNTHESIS: self._answering.speech_missing,
            Deadline.PLAYED_OUT: keeper.replies.played_out,
            Deadline.TOOL: self._bulletin.calls.give_up,
            Deadline.FILLER: self._bulletin.excuse,
            Deadline.PASSED: self._stillness.passed,
            Deadline.IDLE: self._stillness.idle,
        }

    def _emit(self, command: Command) -> None:
        self._out.append(command)

    def _take(self) -> list[Command]:
        commands = self._out[:]
        self._out.clear()
        return commands
