"""One connection's translation, both ways: the API's events outside, the core's events and facts inside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from voice_server.core.commands import Fact
from voice_server.protocol.realtime.dialogue import Dialogue, House
from voice_server.protocol.realtime.frames import Frame
from voice_server.protocol.realtime.reading import Read, Reading, Reply, Sound
from voice_server.protocol.realtime.session_settings import Settings
from voice_server.protocol.realtime.telling import Telling


class Codec:
    """Remembers what was said on the connection, and decides nothing."""

    def __init__(self, scope: str, settings: Settings, house: House) -> None:
        """`scope` goes into every id, and should be no other session's."""
        self._scope = scope
        self._dialogue = Dialogue(scope, settings, house)
        self._session = ""
        self._reading = Reading(self._dialogue, lambda: self._session)
        self._telling = Telling(self._dialogue)
        self._events = count(1)

    @property
    def settings(self) -> Settings:
        """The session's, as they are now."""
        return self._dialogue.settings

    def read(self, data: str | bytes, *, sound: bool = True) -> Iterator[Read]:
        """What one frame from the client means, in order, found out as it is asked for.

        Not `sound`: there must be none in it. Never raises: a complaint is a reply, too.
        """
        return self._reading.read(data, sound=sound)

    def heard(self, pcm: bytes) -> list[Sound]:
        """What sound means that came over a call: s16le at 16 kHz, at most 200 ms."""
        return self._reading.heard(pcm)

    def opened(self, session: str) -> list[Frame]:
        """The session is there: what the client is told first."""
        self._session = session
        return self._stamped(self._telling.opened(session))

    def told(self, fact: Fact) -> list[Frame]:
        """What the client is told of this fact; often nothing."""
        return self._stamped(self._telling.told(fact))

    def sounded(self, response: int, position: int, pcm: bytes, *, last: bool) -> list[Frame]:
        """What the client is sent of a response's sound: s16le at 24 kHz, from sample `position` on."""
        return self._stamped(self._telling.sounded(response, position, pcm, last=last))

    def replied(self, reply: Reply) -> list[Frame]:
        """A reply's turn to leave has come."""
        return self._stamped(reply.make())

    def _stamped(self, frames: list[Frame]) -> list[Frame]:
        return [{**frame, "event_id": f"event_{self._scope}_{next(self._events)}"} for frame in frames]
