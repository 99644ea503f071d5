"""What the models have been asked about the turn and not answered yet.

At most one of each kind: a partial hypothesis, an early final one (the voice faded, and may have ended), the
final one, and an opinion on the end of the turn. Only the latest of a kind counts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from voice_server.core.commands import Command, ScoreTurn, Transcribe
from voice_server.core.events import Transcribed
from voice_server.core.lexicon import words
from voice_server.core.user_turn import Turn

NO_SPEECH_PROB = 0.6
DOUBTFUL_LOGPROB = -1.0
"""Whisper's own rules: below the latter its words are not to be relied on, and if it is above the former as
well, nobody spoke (openai/whisper, transcribe.py)."""


class Questions:
    """Gives out request ids, and knows which answers are still wanted."""

    def __init__(self, emit: Callable[[Command], None]) -> None:
        self._emit = emit
        self._requests = count(1)
        self.partial: Transcribe | None = None
        self.early: Transcribe | None = None
        self.final: Transcribe | None = None
        self.score: int | None = None

    def ask_partial(self, turn: Turn, end_ms: int) -> None:
        """For the words so far, unless that has been asked."""
        if self.partial is None and self.early is None:
            self.partial = self._transcribe(turn, end_ms, final=False)

    def ask_early(self, turn: Turn, end_ms: int) -> None:
        """For the words so far, which may be all of them."""
        self.early = self._transcribe(turn, end_ms, final=True)

    def ask_final(self, turn: Turn, end_ms: int) -> None:
        """For all the words; the early question, if it is still open, was just that."""
        self.final = self.early or self._transcribe(turn, end_ms, final=True)
        self.partial = self.early = None

    def ask_score(self, turn: Turn, end_ms: int) -> None:
        """Whether the turn ended."""
        self.score = next(self._requests)
        self._emit(ScoreTurn(self.score, turn.from_at_ms, end_ms))

    def answered(self, request: int) -> Transcribe | None:
        """The hypothesis that was asked for, if it is still wanted: not a partial one after an early one."""
        if is_for(self.early, request):
            order, self.early, self.partial = self.early, None, None
        elif is_for(self.partial, request):
            order, self.partial = self.partial, None
        else:
            order = None
        return order

    def forget(self) -> None:
        """No answer is wanted any more."""
        self.partial = self.early = self.final = self.score = None

    def _transcribe(self, turn: Turn, end_ms: int, *, final: bool) -> Transcribe:
        order = Transcribe(next(self._requests), turn.from_at_ms, end_ms, final)
        self._emit(order)
        return order


def is_for(order: Transcribe | None, request: int) -> bool:
    """Whether the answer to `request` answers this order."""
    return order is not None and order.request == request


def has_words(event: Transcribed) -> bool:
    """Whether the hypothesis is more than the transcriber's guess at a noise."""
    guess = event.no_speech_prob > NO_SPEECH_PROB and is_doubtful(event)
    return bool(words(event.text)) and not guess


def is_doubtful(event: Transcribed) -> bool:
    """Whether the transcriber itself does not rely on its words."""
    return event.avg_logprob < DOUBTFUL_LOGPROB
