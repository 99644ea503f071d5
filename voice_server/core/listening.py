"""The turn that the user is in: its hypotheses, its silences, and what was asked about them.

Keeps two clocks apart: `*_at_ms` is on the input clock (sound received), `now_ms` on the session clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from voice_server.core.commands import (
    Command,
    KeepInput,
    ScoreTurn,
    Transcribe,
    TranscriptCommitted,
    TranscriptRevised,
    TurnOpened,
    TurnPaused,
)
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.endpointing import Evidence, silence_needed_ms
from voice_server.core.events import Transcribed
from voice_server.core.lexicon import words
from voice_server.core.policy import Policy
from voice_server.core.transcript import Transcript

NO_SPEECH_PROB = 0.6
NO_SPEECH_LOGPROB = -1.0
"""Whisper's own rule for silence: above the one and below the other (openai/whisper, transcribe.py)."""


@dataclass
class Turn:
    """One utterance of the user, pauses included. Its id, span and words, and what the silence is worth."""

    id: int
    start_at_ms: int
    interval_ms: int
    """From one hypothesis to the request for the next."""
    transcript: Transcript = field(default_factory=Transcript)
    end_at_ms: int | None = None
    silent_since_ms: int | None = None
    final: str | None = None
    final_ms: int | None = None
    probability: float | None = None
    over: bool = False
    """The end of the turn has been decided; only the final transcript is still awaited."""


class Listening:
    """Follows the user's voice and asks the models about it. Decides nothing about the floor."""

    def __init__(self, policy: Policy, deadlines: Deadlines, emit: Callable[[Command], None]) -> None:
        self.policy = policy
        self.speaking = False
        self.turn: Turn | None = None
        self._deadlines = deadlines
        self._emit = emit
        self._requests = count(1)
        self._partial: int | None = None
        self._final: int | None = None
        self._score: int | None = None
        self._lag_ms = 0  # session clock minus input clock

    # ── the clocks ──

    def voice(self, speaking: bool, heard_ms: int, now_ms: int) -> None:
        """The VAD changed its mind."""
        self.speaking = speaking
        self.clock(heard_ms, now_ms)

    def clock(self, heard_ms: int, now_ms: int) -> None:
        """The input clock stands at `heard_ms` now."""
        self._lag_ms = now_ms - heard_ms

    def input_ms(self, now_ms: int) -> int:
        """The input clock at `now_ms`, if sound has kept coming since it was last told."""
        return max(0, now_ms - self._lag_ms)

    def speech_ms(self, now_ms: int) -> int:
        """From the onset of the turn to its end, or to now."""
        if self.turn is None:
            return 0
        end_at_ms = self.turn.end_at_ms
        return max(0, (self.input_ms(now_ms) if end_at_ms is None else end_at_ms) - self.turn.start_at_ms)

    # ── the turn ──

    def open(self, turn_id: int, at_ms: int, interval_ms: int) -> None:
        """A new turn, which began at `at_ms`."""
        self.close()
        self.turn = Turn(turn_id, at_ms, interval_ms)
        self._emit(TurnOpened(turn_id, at_ms))
        self._emit(KeepInput(self._from_ms(self.turn)))
        self._deadlines.set(Deadline.PARTIAL, at_ms + self._lag_ms + interval_ms)
        self._deadlines.set(Deadline.TURN_LIMIT, at_ms + self._lag_ms + self.policy.turn_limit_ms)

    def reopen(self, at_ms: int, now_ms: int) -> None:
        """The user goes on after a pause."""
        if turn := self.turn:
            turn.end_at_ms = turn.silent_since_ms = turn.final = turn.final_ms = turn.probability = None
            turn.over = False
            self._final = self._score = None
            self._deadlines.clear(Deadline.SCORE, Deadline.TRANSCRIPT, Deadline.END_OF_TURN)
            self._emit(TurnOpened(turn.id, at_ms))
            self._deadlines.set(Deadline.PARTIAL, now_ms + turn.interval_ms)

    def pause(self, at_ms: int, now_ms: int) -> None:
        """The user fell silent at `at_ms`: ask for the final words."""
        if turn := self.turn:
            turn.end_at_ms, turn.silent_since_ms = at_ms, at_ms + self._lag_ms
            self._emit(TurnPaused(turn.id, at_ms))
            self._deadlines.clear(Deadline.PARTIAL)
            self._partial = None
            self._final = self._ask(turn, now_ms, final=True)
            self._deadlines.set(Deadline.TRANSCRIPT, now_ms + self.policy.transcript_timeout_ms)

    def declare_over(self) -> None:
        """The turn is over, whatever the silence says."""
        if self.turn:
            self.turn.over = True

    def is_over(self, responsiveness: float, now_ms: int) -> bool:
        """Whether the silence is long enough, on what is known; if not, wakes when it will be."""
        turn = self.turn
        if turn is None or turn.silent_since_ms is None:
            return False
        if not turn.over:
            needed_ms = silence_needed_ms(Evidence(turn.final, turn.probability), responsiveness)
            if turn.silent_since_ms + needed_ms > now_ms:
                self._deadlines.set(Deadline.END_OF_TURN, turn.silent_since_ms + needed_ms)
                return False
            turn.over = True
        self._deadlines.clear(Deadline.END_OF_TURN, Deadline.SCORE)
        return True

    def commit(self, text: str) -> None:
        """These are the words of the turn, for good."""
        if turn := self.turn:
            end_at_ms = turn.start_at_ms if turn.end_at_ms is None else turn.end_at_ms
            self._emit(TranscriptCommitted(turn.id, text, turn.start_at_ms, end_at_ms))
        self.close()

    def commit_partial(self, at_ms: int) -> str:
        """End the turn at `at_ms`, in the middle of speech, with the words so far."""
        turn = self.turn
        if turn is None:
            return ""
        turn.end_at_ms = at_ms
        self._emit(TurnPaused(turn.id, at_ms))
        self.commit(turn.transcript.text)
        return turn.transcript.text

    def relax(self, now_ms: int) -> None:
        """The turn was a noise. If it goes on, listen to it now and then."""
        turn = self.turn
        self.close()
        if turn and self.speaking:
            self.turn = Turn(turn.id, self.input_ms(now_ms), self.policy.background_interval_ms)
            self._deadlines.set(Deadline.PARTIAL, now_ms + self.turn.interval_ms)

    def noise_ended(self, at_ms: int) -> None:
        """The noise that `relax` kept an ear on is over."""
        if self.turn:
            self._emit(TurnPaused(self.turn.id, at_ms))
        self.close()

    def close(self) -> None:
        """Forget the turn and everything that was asked about it."""
        self.turn = None
        self._partial = self._final = self._score = None
        self._deadlines.clear(
            Deadline.PARTIAL, Deadline.SCORE, Deadline.TRANSCRIPT, Deadline.END_OF_TURN, Deadline.TURN_LIMIT
        )

    # ── asking the models ──

    def ask_partial(self, now_ms: int) -> None:
        """Ask for a hypothesis of the turn so far, unless one is on its way."""
        if self.turn and self._partial is None:
            self._partial = self._ask(self.turn, now_ms, final=False)

    def ask_score(self, now_ms: int) -> None:
        """Ask the turn detector about the silence so far."""
        if self.turn:
            self._score = next(self._requests)
            self._emit(ScoreTurn(self._score, self._from_ms(self.turn), self.input_ms(now_ms)))

    def transcribed(self, event: Transcribed, now_ms: int) -> bool:
        """A hypothesis came. Returns whether it is still of use."""
        turn = self.turn
        if turn is None or event.request not in (self._partial, self._final):
            return False
        text = event.text if has_words(event) else ""
        if event.request == self._final:
            self._final = None
            self._deadlines.clear(Deadline.TRANSCRIPT)
            turn.final, turn.final_ms = turn.transcript.close(text) if text else "", now_ms
        else:
            self._partial = None
            self._deadlines.set(Deadline.PARTIAL, now_ms + turn.interval_ms)
            turn.transcript.revise(text)
            if turn.transcript.text:
                self._emit(TranscriptRevised(turn.id, turn.transcript.text, turn.transcript.stable))
        return True

    def transcription_failed(self, request: int, now_ms: int) -> bool:
        """A hypothesis will not come. Returns whether it was the final one."""
        if self.turn and request == self._partial:
            self._partial = None
            self._deadlines.set(Deadline.PARTIAL, now_ms + self.turn.interval_ms)
        return request == self._final

    def settle_for_partial(self, now_ms: int) -> None:
        """The last hypothesis has to do as the final one."""
        self._final = None
        self._deadlines.clear(Deadline.TRANSCRIPT)
        if self.turn:
            self.turn.final, self.turn.final_ms = self.turn.transcript.text, now_ms

    def scored(self, request: int, probability: float | None, now_ms: int) -> bool:
        """The turn detector answered, or could not (None). Returns whether it is still of use."""
        if self.turn is None or request != self._score:
            return False
        self._score = None
        self.turn.probability = probability
        self._deadlines.set(Deadline.SCORE, now_ms + self.policy.score_interval_ms)
        return True

    def _ask(self, turn: Turn, now_ms: int, *, final: bool) -> int:
        request = next(self._requests)
        self._emit(Transcribe(request, self._from_ms(turn), self.input_ms(now_ms), final))
        return request

    def _from_ms(self, turn: Turn) -> int:
        return max(0, turn.start_at_ms - self.policy.preroll_ms)


def has_words(event: Transcribed) -> bool:
    """Whether the hypothesis is more than the transcriber's guess at a noise."""
    guess = event.no_speech_prob > NO_SPEECH_PROB and event.avg_logprob < NO_SPEECH_LOGPROB
    return bool(words(event.text)) and not guess
