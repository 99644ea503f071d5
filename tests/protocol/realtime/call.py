"""A connection without network or core: events of a client and facts of the core in, judged frames out."""

from __future__ import annotations

import json
from typing import Any

from tests.protocol.realtime.oracle import judged_all
from voice_server.core import events
from voice_server.core.commands import Fact
from voice_server.core.policy import SessionConfig
from voice_server.protocol.realtime.codec import Codec
from voice_server.protocol.realtime.dialogue import House
from voice_server.protocol.realtime.frames import Frame
from voice_server.protocol.realtime.reading import AfterSound, Meant, Reply, Rest, Sound
from voice_server.protocol.realtime.session_settings import Settings

Told = events.Event
BASE = SessionConfig(output_rate_hz=24_000, greeting="Good day.")
SETTINGS = Settings(model="local-voice", instructions="Be kind.", voice="joe")


class Call:
    """One connection that has begun."""

    def __init__(self, *, in_band: bool = True) -> None:
        self.codec = Codec("x", SETTINGS, House(BASE, ("joe", "amy"), in_band))
        self.frames: list[Frame] = judged_all(self.codec.opened("sess_1"))
        """Everything that the client was sent."""
        self.core: list[Told] = []
        """Everything that the core was told."""
        self.sound = b""
        """What was heard."""

    def send(self, kind: str, **fields: Any) -> list[Frame]:
        """The client sends an event. Returns what it is answered at once."""
        return self.send_raw(json.dumps({"type": kind, **fields}))

    def send_raw(self, data: str | bytes) -> list[Frame]:
        """The client sends a frame."""
        read = [item for item in self.codec.read(data) if not isinstance(item, Rest)]
        return [frame for item in read for frame in self.take(item)]

    def take(self, item: Meant) -> list[Frame]:
        """One thing that the codec has read is dealt with. Returns what the client is answered."""
        what = item.what if isinstance(item, AfterSound) else item
        answers: list[Frame] = []
        if isinstance(what, Sound):
            self.sound += what.pcm
        elif isinstance(what, Reply):
            answers = judged_all(self.codec.replied(what))
        else:
            self.core.append(what)
        self.frames += answers
        return answers

    def fact(self, *facts: Fact) -> list[Frame]:
        """The core says these. Returns what the client is sent."""
        told = [frame for fact in facts for frame in judged_all(self.codec.told(fact))]
        self.frames += told
        return told

    def play(self, response: int, position: int, pcm: bytes, *, last: bool = False) -> list[Frame]:
        """A piece of a response's sound."""
        told = judged_all(self.codec.sounded(response, position, pcm, last=last))
        self.frames += told
        return told

    def update(self, **session: Any) -> Frame:
        """The client changes the session. Returns what it then is."""
        (updated,) = self.send("session.update", session={"type": "realtime", **session})
        assert updated["type"] == "session.updated", updated
        session_then: Frame = updated["session"]
        return session_then


def kinds(frames: list[Frame]) -> list[str]:
    """Their types."""
    return [frame["type"] for frame in frames]


def refusal(frames: list[Frame]) -> tuple[str, str | None, str | None]:
    """Code, parameter and the client's own event id of the one error."""
    (frame,) = frames
    assert frame["type"] == "error", frame
    error = frame["error"]
    return error["code"], error.get("param"), error.get("event_id")
