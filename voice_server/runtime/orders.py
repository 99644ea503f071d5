"""The core's orders, each to whoever carries it out."""

from __future__ import annotations

import asyncio

from voice_server.core import commands
from voice_server.ports import Clock, Models
from voice_server.runtime.asking import Asking
from voice_server.runtime.deciding import Deciding
from voice_server.runtime.input_buffer import InputBuffer
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.speeches import Begin, Speeches
from voice_server.runtime.tool_work import ToolWork
from voice_server.runtime.voicing import Voicing


class Orders:
    """Of one session. None of them waits for anything. `clock` is the one that the models know."""

    def __init__(
        self,
        models: Models,
        clock: Clock,
        deciding: Deciding,
        sound: InputBuffer,
        outbox: Outbox,
        begin: Begin,
    ) -> None:
        self._begin = begin
        self._tell = tell = deciding.tell
        self._asking = Asking(models, clock, sound, deciding.config)
        self._voicing = Voicing(models, clock, deciding.config)
        self.speeches = Speeches(self._voicing, outbox, deciding.config().output_rate_hz, begin, tell)
        self._tool_work = ToolWork(models.tools, deciding.session.policy.tool_output_chars, begin, tell)
        self._transcription: asyncio.Task[None] | None = None
        self._priming: asyncio.Task[None] | None = None

    def carry_out(self, order: commands.Order) -> None:
        """Do as the core says."""
        match order:
            case commands.Transcribe():
                if self._transcription:
                    self._transcription.cancel()  # a newer hypothesis is wanted
                self._transcription = self._begin(self._asking.transcribe(order, self._tell))
            case commands.ScoreTurn():
                self._begin(self._asking.score(order, self._tell))
            case commands.Prime():
                if self._priming is None or self._priming.done():
                    self._priming = self._begin(self._voicing.prime(order))
            case commands.KeepInput():
                pass  # the buffer keeps the longest turn anyhow
            case commands.RunTool() | commands.CancelTool():
                self._tool_work.carry_out(order)
            case _:
                self.speeches.carry_out(order)
