"""Who has the floor, and what follows from it. The transitions are the table in `turns`.

Every method is one thing that happened; each checks first and changes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from voice_server.core import contest, events
from voice_server.core.answering import Answering
from voice_server.core.commands import (
    Command,
    ResponseStatus,
    SessionEnded,
    StopReason,
    Trouble,
)
from voice_server.core.contest import Verdict
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.listening import Listening, Turn
from voice_server.core.policy import SessionConfig
from voice_server.core.turns import Cue, Floor, next_floor
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
        self.floor = Floor.OPEN
        self.ended = False
        self._listening = listening
        self._answering = answering
        self._deadlines = deadlines
        self._emit = emit
        self._policy = listening.policy
        self._turns = count(1)
        self._typed: list[str] = []

    @property
    def _config(self) -> SessionConfig:
        return self._answering.config

    @property
    def _manual(self) -> bool:
        return self._config.turn.mode == "manual"

    def settle(self, now_ms: int) -> None:
        """What follows from the new state, whatever led to it."""
        self._answering.look_ahead()
        answer = self._answering.answer
        if self.floor is Floor.THINKING and answer and answer.sounding:
            self.cue(Cue.AUDIBLE)
        if self.floor is Floor.OPEN and self._typed:
            self._answer_typed(now_ms)
        if self.floor is Floor.OPEN and self._listening.speaking and not self._manual and not self.ended:
            self.open_turn(self._listening.input_ms(now_ms))  # the user went on speaking over the answer
        self._watch_idleness(now_ms)

    # ── the user's voice ──

    def speech_started(self, event: events.SpeechStarted, now_ms: int) -> None:
        """The VAD hears an onset."""
        if self._listening.speaking:
            raise CoreError("speech started while it was going on")
        self._listening.voice(True, event.heard_ms, now_ms)
        if self._manual:
            return
        if self.floor is Floor.OPEN:
            self.open_turn(event.at_ms)
        elif self.floor is Floor.ENDPOINTING:
            self._answering.discard_draft()
            self._listening.reopen(event.at_ms, now_ms)
            self.cue(Cue.ONSET)
        elif self.floor is Floor.CONTESTED:
            self._listening.reopen(event.at_ms, now_ms)
        elif self._config.turn.barge_in:
            self._contest(event.at_ms, now_ms)

    def speech_stopped(self, event: events.SpeechStopped, now_ms: int) -> None:
        """The VAD hears silence."""
        if not self._listening.speaking:
            raise CoreError("speech stopped while there was none")
        self._listening.voice(False, event.heard_ms, now_ms)
        if self._manual:
            return
        if self.floor is Floor.USER:
            self._fall_silent(event.at_ms, now_ms)
        elif self.floor is Floor.CONTESTED:
            self._listening.pause(event.at_ms, now_ms)
        else:
            self._listening.noise_ended(event.at_ms)

    def transcribed(self, event: events.Transcribed, now_ms: int) -> None:
        """A hypothesis came."""
        if self._listening.transcribed(event, now_ms):
            self.words_came(now_ms)

    def transcription_failed(self, request: int, now_ms: int) -> None:
        """A hypothesis will not come."""
        if self._listening.transcription_failed(request, now_ms):
            self.words_missing(now_ms)

    def words_missing(self, now_ms: int) -> None:
        """The final transcript will not come: make do with the last hypothesis, or say so."""
        turn = self._listening.turn
        if turn is None:
            return
        self._emit(Trouble("transcription_failed", "What was said could not be transcribed."))
        self._listening.settle_for_partial(now_ms)
        lost = self.floor is Floor.ENDPOINTING and not turn.final
        self.words_came(now_ms)
        if lost:
            self.drop_turn(now_ms)
            self.say(self._policy.apology, now_ms)

    def split_turn(self, now_ms: int) -> None:
        """The transcriber can hear no more at once: keep the words, and go on listening."""
        if self.floor is Floor.USER and self._listening.speaking:
            at_ms = self._listening.input_ms(now_ms)
            self._answering.conversation.user_said(self._listening.commit_partial(at_ms))
            self._listening.open(next(self._turns), at_ms, self._policy.partial_interval_ms)

    def open_turn(self, at_ms: int) -> None:
        """The user begins to speak, at `at_ms` on the input clock."""
        self._listening.open(next(self._turns), at_ms, self._policy.partial_interval_ms)
        self.cue(Cue.ONSET)

    def _fall_silent(self, at_ms: int, now_ms: int) -> None:
        self._listening.pause(at_ms, now_ms)
        self.cue(Cue.SILENCE)
        self._listening.ask_score(now_ms)
        self.weigh_silence(now_ms)

    def words_came(self, now_ms: int) -> None:
        """A hypothesis is there: what follows depends on who has the floor."""
        turn = self._listening.turn
        if turn is None or self.floor is Floor.USER:
            return
        if self.floor is not Floor.ENDPOINTING:
            self._judge(turn, now_ms)
        elif turn.final == "":
            self.drop_turn(now_ms)
        elif turn.final:
            if self._answering.answer is None:
                self._answering.draft(self._with_typed(turn.final), now_ms)
            self.weigh_silence(now_ms)

    # ── the end of the turn ──

    def scored(self, request: int, probability: float | None, now_ms: int) -> None:
        """The turn detector answered, or failed."""
        if self._listening.scored(request, probability, now_ms):
            self.weigh_silence(now_ms)

    def weigh_silence(self, now_ms: int) -> None:
        """Is this silence the end of the turn?"""
        turn = self._listening.turn
        if self.floor is not Floor.ENDPOINTING or turn is None:
            return
        over = self._listening.is_over(self._config.turn.responsiveness, now_ms)
        if over and turn.final:
            self._commit(turn, turn.final, now_ms)

    def _commit(self, turn: Turn, text: str, now_ms: int) -> None:
        said = self._with_typed(text)
        self._typed.clear()
        if self._answering.answer is None:
            self._answering.draft(said, now_ms)
        marks = {"transcript_final": turn.final_ms or now_ms, "turn_end": now_ms}
        since_ms = turn.silent_since_ms if turn.silent_since_ms is not None else now_ms
        self._listening.commit(text)
        self._answering.conversation.user_said(said)
        self._release(turn.id, since_ms, marks, now_ms)

    def _release(self, turn: int, since_ms: int, marks: dict[str, int], now_ms: int) -> None:
        self.cue(Cue.COMMITTED)
        self._answering.release(turn, since_ms, marks, now_ms)

    def drop_turn(self, now_ms: int) -> None:
        """There were no words in the turn, or nobody wants them."""
        if self.floor is Floor.CONTESTED:
            self._take_back(now_ms)
        elif self.floor in (Floor.USER, Floor.ENDPOINTING):
            self._answering.discard_draft()
            self._listening.close()
            self.cue(Cue.DROPPED)

    # ── the contested floor ──

    def _contest(self, at_ms: int, now_ms: int) -> None:
        self._answering.hold("barge_in", at_ms, now_ms)
        self._listening.open(next(self._turns), at_ms, self._policy.contest_first_ms)
        self._deadlines.set(Deadline.CONTESTED, now_ms + self._policy.contest_limit_ms)
        self.cue(Cue.ONSET)

    def _judge(self, turn: Turn, now_ms: int) -> None:
        sound = contest.Sound(
            speaking=self._listening.speaking,
            speech_ms=self._listening.speech_ms(now_ms),
            text=turn.final if turn.final is not None else turn.transcript.text,
            complete=turn.final is not None,
        )
        found = contest.verdict(sound, self._policy)
        if found is Verdict.CONFIRM:
            if self.floor is not Floor.CONTESTED:  # words after all, in a noise that had been taken back
                self._answering.hold("barge_in", turn.start_at_ms, now_ms)
                self.cue(Cue.ONSET)
            self._confirm(turn, now_ms)
        elif found is Verdict.TAKE_BACK and self.floor is Floor.CONTESTED:
            self._take_back(now_ms)

    def decide(self, now_ms: int) -> None:
        """The contested floor has been so for long enough: words decide, or else it is taken back."""
        turn = self._listening.turn
        if turn is None or self.floor is not Floor.CONTESTED:
            return
        if turn.transcript.text and self._listening.speaking:
            self._confirm(turn, now_ms)
        else:
            self._take_back(now_ms)

    def _confirm(self, turn: Turn, now_ms: int) -> None:
        """The floor is the user's; the held answer ends."""
        self._answering.finish("interrupted", now_ms)
        self._deadlines.clear(Deadline.CONTESTED)
        self.cue(Cue.CONFIRMED)
        if turn.silent_since_ms is not None:
            self.cue(Cue.SILENCE)
            self._listening.ask_score(now_ms)
            self.words_came(now_ms)
            self.weigh_silence(now_ms)

    def _take_back(self, now_ms: int) -> None:
        """The answer goes on. A noise that lasts is still listened to: words may yet come in it."""
        self._deadlines.clear(Deadline.CONTESTED)
        self._listening.relax(now_ms)
        self.cue(Cue.TAKEN_BACK)
        self._answering.resume(now_ms)

    # ── the answer ──

    def cut_off(self, reason: StopReason, now_ms: int) -> None:
        """The answer ends here, by the client's wish."""
        if self.floor not in (Floor.THINKING, Floor.AGENT, Floor.CONTESTED):
            return
        self._answering.hold(reason, self._listening.input_ms(now_ms), now_ms)
        if self.floor is Floor.CONTESTED and self._listening.turn:
            self._confirm(self._listening.turn, now_ms)
        else:
            self._ended_answer("interrupted", now_ms)

    def type(self, text: str, now_ms: int) -> None:
        """A typed turn. While the user also speaks, it is answered together with what they say."""
        self._typed.append(text)
        if self.floor is Floor.ENDPOINTING:
            self._answering.discard_draft()
            self.words_came(now_ms)

    def end(self, reason: str, now_ms: int) -> None:
        """The session is over."""
        self.drop_turn(now_ms)
        self.cut_off("client", now_ms)
        self._listening.close()
        self._deadlines.clear(*Deadline)
        self._emit(SessionEnded(reason))
        self.ended = True

    def played_out(self, now_ms: int) -> None:
        """The answer has sounded to its end."""
        answer = self._answering.answer
        if answer and self.floor in (Floor.THINKING, Floor.AGENT):
            self._ended_answer("failed" if answer.failed else "completed", now_ms)

    def _ended_answer(self, status: ResponseStatus, now_ms: int) -> None:
        self._answering.finish(status, now_ms)
        self.cue(Cue.DONE)

    def _answer_typed(self, now_ms: int) -> None:
        said = " ".join(self._typed)
        self._typed.clear()
        self._answering.draft(said, now_ms)
        self._answering.conversation.user_said(said)
        self._release(next(self._turns), now_ms, {}, now_ms)

    def say(self, text: str, now_ms: int) -> None:
        """Speak these words, if nobody has the floor."""
        if self.floor is Floor.OPEN:
            self._answering.draft_words(text, now_ms)
            self._release(0, now_ms, {}, now_ms)

    def _with_typed(self, text: str) -> str:
        return " ".join([*self._typed, text])

    def _watch_idleness(self, now_ms: int) -> None:
        limit_ms = self._policy.idle_limit_ms
        if limit_ms is None or self.floor is not Floor.OPEN or self.ended:
            self._deadlines.clear(Deadline.IDLE)
        elif not self._deadlines.has(Deadline.IDLE):
            self._deadlines.set(Deadline.IDLE, now_ms + limit_ms)

    def cue(self, cue: Cue) -> None:
        """Move the floor by the table."""
        self.floor = next_floor(self.floor, cue)
