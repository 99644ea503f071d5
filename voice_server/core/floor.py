"""Who has the floor, and what follows from it. The transitions are the table in `turns`.

Every method is one thing that happened; each checks first and changes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

from voice_server.core import events
from voice_server.core.answering import Answering
from voice_server.core.commands import Command, SessionEnded, StopReason, Trouble
from voice_server.core.contest import Contest
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.listening import Listening
from voice_server.core.overlap import Overlap
from voice_server.core.replies import Replies
from voice_server.core.turns import Cue, Floor, FloorState
from voice_server.errors import CoreError


class FloorKeeper:
    """Decides who speaks. Times are session ms unless they are `at_ms` or `heard_ms` (input clock)."""

    def __init__(
        self,
        listening: Listening,
        answering: Answering,
        deadlines: Deadlines,
        emit: Callable[[Command], None],
    ) -> None:
        self.ended = False
        self._state = FloorState()
        self._listening = listening
        self._answering = answering
        self._deadlines = deadlines
        self._emit = emit
        self.policy = listening.policy
        self.replies = self._replies = Replies(self._state, listening, answering)
        self._contest = Contest(self._state, listening, answering, self._replies, deadlines)
        self.overlap = Overlap(self._state, listening, answering, self._replies, deadlines)

    @property
    def floor(self) -> Floor:
        """Who may speak now."""
        return self._state.now

    @property
    def manual(self) -> bool:
        """Whether the client says when the user speaks."""
        return self._answering.config.turn.mode == "manual"

    def settle(self, now_ms: int) -> None:
        """What follows from the new state, whatever led to it."""
        if self.ended:
            return
        answer = self._answering.answer
        if self.floor is Floor.THINKING and answer and answer.sounding:
            self._state.cue(Cue.AUDIBLE)
        self._hand_over(now_ms)
        self._replies.pay(now_ms)
        if not self.manual:
            self._contest.overhear(now_ms)
            self.overlap.overhear(now_ms)
        self._answering.look_ahead(now_ms)

    # ── the user's voice ──

    def speech_started(self, event: events.SpeechStarted, now_ms: int) -> None:
        """The VAD hears an onset."""
        if self._listening.speaking:
            raise CoreError("speech started while it was going on")
        self._listening.voice_began(event.at_ms, event.heard_ms, now_ms)
        if self.manual:
            return
        if self.floor is Floor.ENDPOINTING:
            self.go_on(event.at_ms, now_ms)
        elif self.floor is Floor.CONTESTED:
            self._listening.reopen(event.at_ms, now_ms)
        elif self.overlap.applies:
            self.overlap.begin(event.at_ms, now_ms)
        elif self._contest.allowed:
            self._begin(event.at_ms, now_ms)

    def _begin(self, at_ms: int, now_ms: int) -> None:
        overheard = self._listening.turn
        if overheard:  # its last words are still awaited: they belong to this
            at_ms = min(at_ms, overheard.start_at_ms)
        if self.floor is Floor.OPEN:
            self.open_turn(at_ms)
        else:
            self._contest.begin(at_ms, now_ms)

    def speech_faded(self, event: events.SpeechFaded, now_ms: int) -> None:
        """Perhaps the user has finished: find out the words meanwhile."""
        if (self.floor in (Floor.USER, Floor.CONTESTED) or self.overlap.open) and not self.manual:
            self._listening.ask_early(event.at_ms, now_ms)
            self._answering.rest()

    def speech_stopped(self, event: events.SpeechStopped, now_ms: int) -> None:
        """The VAD hears silence."""
        if not self._listening.speaking:
            raise CoreError("speech stopped while there was none")
        self._listening.voice_ended(event.heard_ms, now_ms)
        if self.manual or self.floor is Floor.ENDPOINTING:
            return
        if self.overlap.follows:
            return self.overlap.fall_silent(event.at_ms, now_ms)
        self._listening.pause(event.at_ms, now_ms)
        if self.floor is Floor.USER:
            self._fall_silent(now_ms)
        else:
            self._words_known(now_ms)

    def transcribed(self, event: events.Transcribed, now_ms: int) -> None:
        """A hypothesis came."""
        if self._listening.transcribed(event, now_ms):
            self._words_came(now_ms)

    def transcription_failed(self, request: int, now_ms: int) -> None:
        """A hypothesis will not come."""
        if self._listening.transcription_failed(request, now_ms):
            self.words_missing(now_ms)

    def words_missing(self, now_ms: int) -> None:
        """The final transcript will not come: make do with the last hypothesis, or say so."""
        if not self._listening.settle_for_partial(now_ms):
            return
        self._emit(Trouble("transcription_failed", "What was said could not be transcribed."))
        asked = self.floor is Floor.ENDPOINTING
        self._words_came(now_ms)
        if asked:
            self._replies.say(self.policy.apology, now_ms)

    def _words_came(self, now_ms: int) -> None:
        turn = self._listening.turn
        if turn is None:
            return
        if self.overlap.applies:
            self.overlap.judge(now_ms)
        elif self.floor is Floor.USER:
            if turn.wordless_ms >= self.policy.stale_words_ms and not self.manual:
                self._stop_listening(now_ms)
            else:
                self._replies.foresee(turn)
        elif self.floor is not Floor.ENDPOINTING:
            if self._contest.judge(turn, now_ms):
                self._attend(now_ms)
        elif turn.final == "":
            self.drop_turn(now_ms)
        elif turn.final:
            self._replies.draft(turn.final)
            self.weigh_silence(now_ms)

    # ── the user's turn ──

    def open_turn(self, at_ms: int) -> None:
        """The user begins to speak, at `at_ms` on the input clock."""
        self._listening.open(at_ms, self.policy.partial_interval_ms)
        self._state.cue(Cue.ONSET)

    def go_on(self, at_ms: int, now_ms: int) -> None:
        """The user goes on, after a silence that was not the end of the turn."""
        self._answering.discard_draft()
        self._listening.reopen(at_ms, now_ms)
        self._state.cue(Cue.ONSET)

    def close_turn(self, at_ms: int, now_ms: int) -> None:
        """The turn is over at `at_ms`, whatever is heard; its words are awaited."""
        self._listening.pause(at_ms, now_ms)
        self._listening.declare_over()
        self._state.cue(Cue.SILENCE)
        self._words_known(now_ms)

    def split_turn(self, now_ms: int) -> None:
        """The transcriber can hear no more at once: keep the words, and go on listening."""
        turn = self._listening.turn
        if self.overlap.applies:
            return self.overlap.split(now_ms)
        if self.floor is not Floor.USER or turn is None:
            return
        if turn.text:
            self._replies.owe(self._listening.split())
        elif self.manual or self._listening.is_fresh(now_ms):
            self._listening.start_over(now_ms)
        else:
            self._stop_listening(now_ms)

    def drop_turn(self, now_ms: int) -> None:
        """There were no words in the turn, or nobody wants them."""
        self._answering.discard_draft()
        self._listening.drop(now_ms)
        self._state.cue(Cue.DROPPED)

    def _attend(self, now_ms: int) -> None:
        """The floor has become the user's, for a sound that may be over already."""
        self._listening.attend(now_ms)
        turn = self._listening.turn
        if turn and turn.end_at_ms is not None:
            self._fall_silent(now_ms)

    def _fall_silent(self, now_ms: int) -> None:
        self._state.cue(Cue.SILENCE)
        if not self._deadlines.has(Deadline.SCORE):
            self._listening.ask_score(now_ms)
        self.weigh_silence(now_ms)
        self._words_known(now_ms)

    def _words_known(self, now_ms: int) -> None:
        """The final words may have been known before the silence was."""
        turn = self._listening.turn
        if turn and turn.final is not None:
            self._words_came(now_ms)

    def _stop_listening(self, now_ms: int) -> None:
        """A sound goes on, but the user has said what there was to say."""
        turn = self._listening.turn
        if turn:
            self.close_turn(turn.words_at_ms, now_ms)

    # ── the end of the turn ──

    def scored(self, request: int, probability: float | None, now_ms: int) -> None:
        """The turn detector answered, or failed."""
        if self._listening.scored(request, probability, now_ms):
            self.weigh_silence(now_ms)

    def weigh_silence(self, now_ms: int) -> None:
        """Is this silence the end of the turn?"""
        turn = self._listening.turn
        if self.overlap.applies:
            return self.overlap.judge(now_ms)
        if self.floor is not Floor.ENDPOINTING or turn is None:
            return
        asked = self._replies.asked
        over = self._listening.is_over(self._replies.responsiveness, now_ms, asked=asked)
        if over and turn.final:
            self._replies.commit(turn, turn.final, now_ms)

    def decide(self, now_ms: int) -> None:
        """The contested floor has been so for long enough."""
        if self._contest.decide(now_ms):
            self._attend(now_ms)

    # ── the client's wishes ──

    def cut_off(self, reason: StopReason, now_ms: int) -> None:
        """The answer ends here. A sound that contested it is the user's turn."""
        contested = self.floor is Floor.CONTESTED
        if contested:
            self._contest.confirm(now_ms)
        elif self.floor in (Floor.THINKING, Floor.AGENT):
            self._replies.cut_off(reason, now_ms)
        self._replies.waive()
        if contested:
            self._attend(now_ms)
        self._hand_over(now_ms)

    def _hand_over(self, now_ms: int) -> None:
        """What the user was saying over an answer has the floor when that is over."""
        if self.overlap.take_floor():
            self._fall_silent(now_ms)

    def type(self, text: str, now_ms: int) -> None:
        """A typed turn. While the user also speaks, it is answered together with what they say."""
        self._replies.owe(text)
        self.redraft(now_ms)

    def redraft(self, now_ms: int) -> None:
        """What the next answer answers has changed."""
        if self.floor is Floor.ENDPOINTING:
            self._answering.discard_draft()
            self._words_came(now_ms)

    def reconfigured(self, *, mode_changed: bool, now_ms: int) -> None:
        """The settings have changed. A turn that the other mode began is over: what was said is answered."""
        if mode_changed:
            self._change_mode(now_ms)
        turn = self._listening.turn
        if turn and turn.overheard and (self.manual or not (self._contest.allowed or self.overlap.applies)):
            self._listening.close()

    def _change_mode(self, now_ms: int) -> None:
        if self.floor is Floor.CONTESTED:
            self._contest.take_back(now_ms)
        elif self.overlap.applies:
            self.overlap.close(self._listening.clock.at(now_ms), now_ms)
        elif self.floor is Floor.ENDPOINTING:
            self._listening.declare_over()
            self.weigh_silence(now_ms)
        elif self.floor is Floor.USER and (self.manual or not self._listening.speaking):
            self.close_turn(self._listening.clock.at(now_ms), now_ms)

    def end(self, reason: str, now_ms: int) -> None:
        """The session is over."""
        self._listening.drop(now_ms)
        self._replies.give_up(now_ms)
        self._deadlines.clear(*Deadline)
        self._emit(SessionEnded(reason))
        self.ended = True
