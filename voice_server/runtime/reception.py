"""What the client does, on its way to the core: it says something, it is gone, it is back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from voice_server.core import events
from voice_server.core.commands import Play
from voice_server.ports import Notice, Opened, Pinged, Ponged, Refused, Relayed, Resumed
from voice_server.runtime.deciding import Deciding
from voice_server.runtime.ear import Ear
from voice_server.runtime.ending import Ending
from voice_server.runtime.inbound import AfterSound, Heard, Said
from voice_server.runtime.options import Returning
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.speeches import Speeches


class Reception:
    """One session's."""

    def __init__(
        self, ear: Ear, outbox: Outbox, speeches: Speeches, deciding: Deciding, ending: Ending
    ) -> None:
        self._ear = ear
        self._outbox = outbox
        self._speeches = speeches
        self._tell = deciding.tell
        self._end = ending.end

    async def take(self, item: Said) -> None:
        """What the client says, or somebody else for it. Waits while too much sound waits to be heard."""
        match item:
            case Heard(pcm):
                await self._ear.push(pcm)
            case AfterSound(what):
                await self._ear.after_sound(partial(self._take_now, what))
            case events.TurnCommitted():
                await self._ear.after_sound(self._let_go)
            case _:
                self._take_now(item)

    def client_left(self) -> None:
        """It can be sent nothing more, and its sound ends here."""
        speech = self._outbox.speech
        sent = (speech.response, speech.sent_samples) if speech else ()
        self._tell(events.Disconnected(*sent))
        self._ear.break_off()

    def client_back(self, returning: Returning) -> tuple[int | None, int | None]:
        """Returns the response that goes on, and where; none that had not begun to sound."""
        response, played_ms = returning.response or 0, returning.played_ms
        if played_ms is not None:
            played_ms = min(played_ms, self._speeches.sent_ms(response) or 0)
        before = {r: self._speeches.sent_samples(r) for r in self._speeches.ids}
        decided = self._tell(events.Reconnected(self._ear.arrived_ms, response, played_ms))
        going_on = [each for each in decided if isinstance(each, Play) and before.get(each.response)]
        return (going_on[0].response, going_on[0].position) if going_on else (None, None)

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
