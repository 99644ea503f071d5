"""What the client says, or somebody else on its behalf, on its way to the core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from voice_server.core import events
from voice_server.ports import Farewell, Notice, Opened, Pinged, Ponged, Refused, Relayed, Resumed
from voice_server.runtime.asking import Tell
from voice_server.runtime.ear import Ear
from voice_server.runtime.inbound import AfterSound, Heard, Said
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.speeches import Speeches


class Reception:
    """One session's."""

    def __init__(
        self, ear: Ear, outbox: Outbox, speeches: Speeches, tell: Tell, end: Callable[[str, Farewell], None]
    ) -> None:
        self._ear = ear
        self._outbox = outbox
        self._speeches = speeches
        self._tell = tell
        self._end = end

    async def take(self, item: Said) -> None:
        """One thing. Waits while too much sound is waiting to be heard."""
        match item:
            case Heard(pcm):
                await self._ear.push(pcm)
            case AfterSound(what):
                await self._ear.after_sound(partial(self._take_now, what))
            case events.TurnCommitted():
                await self._ear.after_sound(self._let_go)
            case _:
                self._take_now(item)

    def _let_go(self) -> None:
        """Push-to-talk: the turn ends where the sound was then, all of which has been heard by now."""
        self._tell(events.TurnCommitted(self._ear.heard_ms))

    def _take_now(self, item: events.Event | Notice) -> None:
        match item:
            case Refused():
                self._outbox.put(item)
                if item.farewell:
                    self._end("protocol", item.farewell)
            case Relayed():
                self._outbox.put(item)
            case Opened() | Resumed() | Pinged() | Ponged():
                pass  # nobody reads these from a client
            case events.PlaybackReported():
                self._tell(self._believable(item))
            case _:
                self._tell(item)

    def _believable(self, report: events.PlaybackReported) -> events.PlaybackReported:
        """Nobody has played more than was sent."""
        sent_ms = self._speeches.sent_ms(report.response)
        return report if sent_ms is None else replace(report, played_ms=min(report.played_ms, sent_ms))
