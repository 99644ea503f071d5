"""The responses that are being made or spoken, and the orders about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from voice_server.core import commands
from voice_server.core.revival import Making
from voice_server.runtime.asking import Tell
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.speaking import Speech
from voice_server.runtime.voicing import Voicing

Begin = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]
"""Have this done, as a task of the session."""


class Speeches:
    """One session's; at `rate_hz`."""

    def __init__(self, voicing: Voicing, outbox: Outbox, rate_hz: int, begin: Begin, tell: Tell) -> None:
        self._voicing = voicing
        self._outbox = outbox
        self._rate_hz = rate_hz
        self._begin = begin
        self._tell = tell
        self._speeches: dict[int, Speech] = {}

    @property
    def ids(self) -> tuple[int, ...]:
        """The responses."""
        return tuple(self._speeches)

    @property
    def unsent_bytes(self) -> int:
        """Audio that is there and has not left."""
        return sum(speech.unsent_bytes for speech in self._speeches.values())

    def sent_ms(self, response: int) -> int | None:
        """How much of this response has left; None when there is no such response now."""
        speech = self._speeches.get(response)
        return speech.sent_ms if speech else None

    def sent_samples(self, response: int) -> int:
        """The same, in samples; 0 when there is no such response."""
        speech = self._speeches.get(response)
        return speech.sent_samples if speech else 0

    def carry_out(self, order: commands.SpeechOrder) -> None:
        """Do as the core says."""
        speech = self._speech(order.response)
        match order:
            case commands.Generate():
                speech.generation = self._begin(
                    self._voicing.generate(order, speech, self._outbox, self._tell)
                )
                speech.tasks.append(speech.generation)
            case commands.Synthesize():
                speech.clauses.put_nowait((order.clause, order.text))
                speech.clauses_wanted += 1
            case commands.FinishAudio():
                speech.finish()
            case commands.Curtail():
                speech.curtail(order.clauses, order.end_sample)
            case commands.Play():
                speech.play(order.position)
                self._outbox.speak(speech)
            case commands.Pause():
                speech.pause()
            case commands.Proceed():
                speech.proceed()
            case commands.Discard():
                speech.cancel()
                self._outbox.hush(speech)
                del self._speeches[order.response]

    def take_up(self, making: Making, pcm: bytes) -> None:
        """Go on with a response that another server has begun."""
        self._speech(making.response).take_up(making, pcm)
        if making.request:
            self.carry_out(making.request)

    def _speech(self, response: int) -> Speech:
        speech = self._speeches.get(response)
        if speech is None:
            keeper = self._outbox.keeper
            speech = (
                Speech(response, self._rate_hz, keeper.spoken) if keeper else Speech(response, self._rate_hz)
            )
            self._speeches[response] = speech
            speech.synthesis = self._begin(self._voicing.synthesize(speech, self._tell, self._outbox.wake))
            speech.tasks.append(speech.synthesis)
        return speech
