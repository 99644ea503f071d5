"""Questions about what was heard: its words, and whether the turn is over. The answers are events."""

from __future__ import annotations

import math
from collections.abc import Callable

from voice_server.core import commands, events
from voice_server.core.policy import SessionConfig
from voice_server.errors import ModelError
from voice_server.ports import Clock, Models
from voice_server.runtime.input_buffer import InputBuffer

Tell = Callable[[events.Event], object]
Configured = Callable[[], SessionConfig]
"""The session's configuration at the time of asking."""

FINAL_BUDGET_MS = 80
PARTIAL_BUDGET_MS = 300
SCORE_BUDGET_MS = 60


class Asking:
    """Asks the transcriber and the turn detector on behalf of one session."""

    def __init__(self, models: Models, clock: Clock, sound: InputBuffer, config: Configured) -> None:
        self._models = models
        self._clock = clock
        self._sound = sound
        self._config = config

    async def transcribe(self, order: commands.Transcribe, tell: Tell) -> None:
        """Answer with Transcribed or TranscriptionFailed."""
        budget_ms = FINAL_BUDGET_MS if order.final else PARTIAL_BUDGET_MS
        try:
            found = await self._models.transcriber.transcribe(
                self._sound.span(order.start_ms, order.end_ms),
                deadline_ms=self._clock.now_ms() + budget_ms,
                language=self._config().language,
                final=order.final,
            )
        except ModelError as error:
            tell(events.TranscriptionFailed(order.request, str(error)))
        else:
            tell(events.Transcribed(order.request, found.text, found.avg_logprob, found.no_speech_prob))

    async def score(self, order: commands.ScoreTurn, tell: Tell) -> None:
        """Answer with TurnScored, or TurnScoringFailed where there is no probability."""
        try:
            probability = await self._models.turns.end_of_turn(
                self._sound.span(order.start_ms, order.end_ms),
                deadline_ms=self._clock.now_ms() + SCORE_BUDGET_MS,
            )
            if math.isnan(probability):  # compares as the surest of all
                raise ModelError("the turn detector gave no number")
        except ModelError as error:
            tell(events.TurnScoringFailed(order.request, str(error)))
        else:
            tell(events.TurnScored(order.request, probability))
