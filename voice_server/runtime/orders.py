"""The core's orders, each to whoever carries it out."""

from __future__ import annotations

import asyncio

from voice_server.core import commands
from voice_server.runtime.asking import Asking, Tell
from voice_server.runtime.speeches import Begin, Speeches
from voice_server.runtime.tool_work import ToolWork
from voice_server.runtime.voicing import Voicing


class Orders:
    """Of one session. None of them waits for anything."""

    def __init__(
        self,
        asking: Asking,
        voicing: Voicing,
        speeches: Speeches,
        tool_work: ToolWork,
        begin: Begin,
        tell: Tell,
    ) -> None:
        self._asking = asking
        self._voicing = voicing
        self._speeches = speeches
        self._tool_work = tool_work
        self._begin = begin
        self._tell = tell
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
                self._speeches.carry_out(order)
