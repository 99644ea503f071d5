"""Following the user's voice: what was asked of the models about it, and what they answered.

Keeps two clocks apart: `*_at_ms` is on the input clock (sound received), `now_ms` on the session clock.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from voice_server.core.commands import (
    Command,
    KeepInput,
    TranscriptCommitted,
    TranscriptRevised,
    TurnOpened,
    TurnPaused,
)
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.endpointing import Evidence, silence_needed_ms
from voice_server.core.events import Transcribed
from voice_server.core.input_clock import InputClock
from voice_server.core.lexicon import takes_floor
from voice_server.core.policy import Policy
from voice_server.core.questions import Questions, has_words, is_doubtful, is_for
from voice_server.core.user_turn import Turn


class Listening:
    """Follows the user's voice and asks the models about it. Decides nothing about the floor."""

    def __init__(self, policy: Policy, deadlines: Deadlines, emit: Callable[[Command], None]) -> None:
        self.policy = policy
        self.speaking = False
        self.turn: Turn | None = None
        self.clock = InputClock()
        self._deadlines = deadlines
        self._emit = emit
        self._turns = count(1)
        self._questions = Questions(emit)
        self._onset_at_ms = 0
        self._done_at_ms = 0  # sound before this has been dealt with

    def voice_began(self, at_ms: int, heard_ms: int, now_ms: int) -> None:
        """The VAD hears speech."""
        self.speaking, self._onset_at_ms = True, at_ms
        self.clock.set(heard_ms, now_ms)

    def voice_ended(self, heard_ms: int, now_ms: int) -> None:
        """The VAD hears silence."""
        self.speaking = False
        self.clock.set(heard_ms, now_ms)

    # ── the turn ──

    def new_turn(self) -> int:
        """The id of the next turn, spoken or typed."""
        return next(self._turns)

    def open(self, at_ms: int, interval_ms: int) -> None:
        """A new turn, which began at `at_ms`."""
        self.close()
        from_at_ms = max(self._done_at_ms, at_ms - self.policy.preroll_ms)
        self.turn = Turn(self.new_turn(), at_ms, from_at_ms, interval_ms)
        self._deadlines.set(Deadline.PARTIAL, self.clock.session_ms(at_ms) + interval_ms)
        self._announce(self.turn, at_ms)

    def overhear(self, now_ms: int) -> None:
        """A sound goes on that is no turn, or not yet: look now and then whether words come in it."""
        self.close()
        recently_ms = self.clock.at(now_ms) - self.policy.background_overlap_ms
        at_ms = max(self._done_at_ms, self._onset_at_ms, recently_ms)
        self.turn = Turn(0, at_ms, at_ms, self.policy.background_interval_ms, overheard=True)
        self._deadlines.set(Deadline.PARTIAL, now_ms + self.turn.interval_ms)

    def relax(self, now_ms: int) -> None:
        """The turn was a noise, or so it seems: what is still to be learnt of it is overheard."""
        turn = self.turn
        if turn is None or (not self.speaking and self._questions.final is None):
            self.close()
            return
        if turn.end_at_ms is None:
            self._emit(TurnPaused(turn.id, self.clock.at(now_ms)))
            turn.id = 0
        turn.overheard, turn.interval_ms = True, self.policy.background_interval_ms
        self._deadlines.clear(Deadline.TURN_LIMIT)
        self._listen_on(turn, now_ms)
        self.forget()

    def attend(self, now_ms: int) -> None:
        """The floor is the user's: a sound that was contested or overheard is a turn like any other."""
        turn = self.turn
        if turn is None:
            return
        turn.interval_ms = self.policy.partial_interval_ms
        self._limit(turn)
        if turn.overheard:
            turn.overheard, turn.id = False, turn.id or self.new_turn()
            self._announce(turn, turn.start_at_ms)
            if turn.end_at_ms is not None:
                self._emit(TurnPaused(turn.id, turn.end_at_ms))

    def hurry(self) -> None:
        """Much depends on the words of this turn: ask for them often."""
        if self.turn:
            self.turn.interval_ms = self.policy.contest_interval_ms

    def reopen(self, at_ms: int, now_ms: int) -> None:
        """The user goes on after a pause."""
        if turn := self.turn:
            turn.go_on(at_ms)
            self._questions.forget()
            self._deadlines.clear(Deadline.SCORE, Deadline.TRANSCRIPT, Deadline.END_OF_TURN)
            self._deadlines.set(Deadline.PARTIAL, now_ms + turn.interval_ms)
            self._announce(turn, at_ms)

    def pause(self, at_ms: int, now_ms: int) -> None:
        """The user fell silent at `at_ms`: ask for the final words."""
        if turn := self.turn:
            turn.end_at_ms, turn.silent_since_ms = max(at_ms, turn.start_at_ms), self.clock.session_ms(at_ms)
            if not turn.overheard:
                self._emit(TurnPaused(turn.id, turn.end_at_ms))
            self._deadlines.clear(Deadline.PARTIAL, Deadline.TURN_LIMIT)
            self._deadlines.set(Deadline.TRANSCRIPT, now_ms + self.policy.transcript_timeout_ms)
            if turn.early_at_ms != at_ms:
                turn.early, turn.opinions, self._questions.early, self._questions.score = None, (), None, None
            if turn.opinions:
                self._deadlines.set(Deadline.SCORE, now_ms + self.policy.score_interval_ms)
            if turn.early is None:
                self._questions.ask_final(turn, self.clock.at(now_ms))
            else:
                self._questions.partial = None
                self._finish(turn, turn.early, now_ms)

    def declare_over(self) -> None:
        """The turn is over, whatever the silence says."""
        if self.turn:
            self.turn.over = True

    def is_over(self, responsiveness: float, now_ms: int, *, asked: bool = False) -> bool:
        """Whether the silence is long enough, on what is known; if not, wakes when it will be."""
        turn = self.turn
        if turn is None or turn.silent_since_ms is None:
            return False
        if not turn.over:
            needed_ms = silence_needed_ms(Evidence(turn.final, turn.opinions, asked), responsiveness)
            if (left_ms := turn.silent_since_ms + needed_ms - now_ms) > 0:
                self._deadlines.set(Deadline.END_OF_TURN, now_ms + left_ms)
                if left_ms < self.policy.score_interval_ms:
                    self._deadlines.clear(Deadline.SCORE)  # the answer would come too late
                return False
            turn.over = True
        self._deadlines.clear(Deadline.END_OF_TURN, Deadline.SCORE)
        return True

    def is_fresh(self, now_ms: int) -> bool:
        """Whether the user began, went on or said a new word so lately that more may be on its way."""
        turn = self.turn
        return turn is not None and self.clock.at(now_ms) - turn.words_at_ms < self.policy.stale_words_ms

    def start_over(self, now_ms: int) -> None:
        """The turn is as long as one can be and no words have come in it: go on with its end."""
        if turn := self.turn:
            turn.covered_at_ms = max(turn.covered_at_ms, turn.words_at_ms)
            self.forget()
            self._deadlines.set(Deadline.TURN_LIMIT, now_ms + self.policy.turn_limit_ms)

    def commit(self, text: str) -> None:
        """These are the words of the turn, for good."""
        if turn := self.turn:
            end_at_ms = turn.covered_at_ms if turn.end_at_ms is None else turn.end_at_ms
            self._emit(TranscriptCommitted(turn.id, text, turn.start_at_ms, end_at_ms))
            self._done_at_ms = turn.covered_at_ms
        self.close()

    def split(self) -> str:
        """End the turn in the middle of speech, where its last hypothesis ends; a new one goes on from there.

        Returns the words of the ended part.
        """
        turn = self.turn
        if turn is None:
            return ""
        text, cut_at_ms, interval_ms = turn.transcript.text, turn.covered_at_ms, turn.interval_ms
        turn.end_at_ms = cut_at_ms
        self._emit(TurnPaused(turn.id, cut_at_ms))
        self.commit(text)
        self.open(cut_at_ms, interval_ms)
        return text

    def drop(self, now_ms: int) -> None:
        """There were no words in the turn, or nobody wants them."""
        turn = self.turn
        if turn and turn.end_at_ms is None and not turn.overheard:
            self._emit(TurnPaused(turn.id, self.clock.at(now_ms)))
        self.close()

    def forget(self) -> None:
        """There were no words that mattered in what has been heard of the turn so far."""
        if turn := self.turn:
            turn.forget(turn.covered_at_ms - self.policy.background_overlap_ms)
            self._keep_from(turn.from_at_ms)

    def close(self) -> None:
        """Forget the turn and everything that was asked about it."""
        self.turn = None
        self._questions.forget()
        self._deadlines.clear(
            Deadline.PARTIAL, Deadline.SCORE, Deadline.TRANSCRIPT, Deadline.END_OF_TURN, Deadline.TURN_LIMIT
        )

    def _announce(self, turn: Turn, at_ms: int) -> None:
        self._emit(TurnOpened(turn.id, at_ms))
        self._keep_from(turn.from_at_ms)
        self._limit(turn)

    def _keep_from(self, from_at_ms: int) -> None:
        self._done_at_ms = from_at_ms
        self._emit(KeepInput(from_at_ms))

    def _limit(self, turn: Turn) -> None:
        if turn.end_at_ms is None:
            limit_at_ms = turn.start_at_ms + self.policy.turn_limit_ms
            self._deadlines.set(Deadline.TURN_LIMIT, self.clock.session_ms(limit_at_ms))

    def ask_partial(self, now_ms: int) -> None:
        """Ask for a hypothesis of the turn so far, unless one is on its way."""
        if self.turn:
            self._questions.ask_partial(self.turn, self.clock.at(now_ms))

    def ask_early(self, at_ms: int, now_ms: int) -> None:
        """The voice fades: ask for the words up to `at_ms` as if they were the last."""
        if turn := self.turn:
            turn.early, turn.early_at_ms, turn.opinions = None, at_ms, ()
            self._deadlines.clear(Deadline.PARTIAL)
            self._questions.ask_early(turn, self.clock.at(now_ms))
            self._questions.ask_score(turn, self.clock.at(now_ms))

    def ask_score(self, now_ms: int) -> None:
        """Ask the turn detector about the silence so far, unless it is asked already."""
        if self.turn and self._questions.score is None:
            self._questions.ask_score(self.turn, self.clock.at(now_ms))

    def transcribed(self, event: Transcribed, now_ms: int) -> bool:
        """A hypothesis came. Returns whether it is still of use."""
        turn, asked = self.turn, self._questions
        if turn is None:
            return False
        text = event.text if has_words(event) else ""
        doubted = is_doubtful(event) and not takes_floor(turn.text)
        if asked.final and event.request == asked.final.request:
            turn.covered_at_ms, asked.final = asked.final.end_ms, None
            self._finish(turn, text, now_ms)
        elif order := asked.answered(event.request):
            turn.faded = order.final
            turn.early = text if order.final else turn.early
            turn.revise(text, order.end_ms)
            self._listen_on(turn, now_ms)
        else:
            return False
        turn.doubted = doubted
        self._tell(turn)
        return True

    def _finish(self, turn: Turn, text: str, now_ms: int) -> None:
        turn.close(text, now_ms)
        self._deadlines.clear(Deadline.TRANSCRIPT)

    def _tell(self, turn: Turn) -> None:
        if turn.text and not turn.overheard:
            self._emit(TranscriptRevised(turn.id, turn.text, turn.transcript.stable))

    def transcription_failed(self, request: int, now_ms: int) -> bool:
        """A hypothesis will not come. Returns whether it was the final one."""
        if self.turn and self._questions.answered(request):
            self._listen_on(self.turn, now_ms)
        return is_for(self._questions.final, request)

    def settle_for_partial(self, now_ms: int) -> bool:
        """The last hypothesis has to do as the final one. Returns whether the final one was awaited."""
        if self.turn is None or self._questions.final is None:
            return False
        self._questions.final = None
        self._finish(self.turn, self.turn.text, now_ms)
        return True

    def scored(self, request: int, probability: float | None, now_ms: int) -> bool:
        """The turn detector answered, or could not (None). Returns whether it is still of use."""
        if self.turn is None or request != self._questions.score:
            return False
        self._questions.score = None
        self.turn.opinions += () if probability is None else (probability,)
        if self.turn.end_at_ms is not None:
            self._deadlines.set(Deadline.SCORE, now_ms + self.policy.score_interval_ms)
        return True

    def _listen_on(self, turn: Turn, now_ms: int) -> None:
        if self._questions.partial is None and turn.end_at_ms is None:
            self._deadlines.set(Deadline.PARTIAL, now_ms + turn.next_in_ms(self.policy))
