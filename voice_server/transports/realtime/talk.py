"""One Realtime session's traffic: what arrives becomes the session's, what leaves goes to all who listen.

Besides the connection that carries the sound, others may be on the line (`?call_id=`): they see the same
events without the sound, and may send any but sound.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Protocol

from voice_server.core.commands import Fact
from voice_server.errors import ProtocolError
from voice_server.observers import SessionObserver
from voice_server.ports import AudioFrame, Farewell, Notice, Opened, Pinged, Ponged, Refused, Relayed, Resumed
from voice_server.protocol.limits import MAX_MESSAGE_BYTES
from voice_server.protocol.realtime import frames
from voice_server.protocol.realtime.codec import Codec
from voice_server.protocol.realtime.reading import AfterSound, Meant, Reply, Rest, Sound
from voice_server.runtime import inbound
from voice_server.runtime.inbound import Heard, Said

SOUND_TYPE = "response.output_audio.delta"
SHOWN_CHARS = 2 * MAX_MESSAGE_BYTES
"""Of a longer event, those who look on see no more: what is so long is sound, which they hear."""


class Listener(Protocol):
    """Somebody else on the line."""

    def hear(self, text: str) -> None:
        """One event. Does not wait."""

    def end(self) -> None:
        """The session is over."""


class Wire(Protocol):
    """What carries the events of one connection. As a link, it raises ConnectionError when it is gone."""

    async def say(self, text: str) -> None:
        """One event."""

    async def close(self, farewell: Farewell) -> None:
        """Hang up."""


class RealtimeLink:
    """Fits `ports.Link`."""

    def __init__(self, codec: Codec, wire: Wire) -> None:
        self.codec = codec
        self.listeners: set[Listener] = set()
        self.last_seq = 0
        """Of what was sent: a Realtime client acknowledges nothing, and cannot come back."""
        self._wire = wire

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> list[str]:
        """As many events as it is worth; often none."""
        self.last_seq = seq
        return await self._say(self._frames(item))

    async def send_audio(self, frame: AudioFrame) -> list[str]:
        """At most one event with sound, and what has to come before it."""
        return await self._say(self.codec.sounded(frame.response, frame.position, frame.pcm, last=frame.last))

    async def _say(self, events: list[frames.Frame]) -> list[str]:
        """To all; the sound to the client alone. Returns the others."""
        said = []
        for event in events:
            text = json.dumps(event)
            if event["type"] != SOUND_TYPE:
                said.append(text)
                for listener in tuple(self.listeners):
                    listener.hear(text)
            await self._wire.say(text)
        return said

    async def close(self, farewell: Farewell) -> None:
        """Hang up on everybody."""
        for listener in tuple(self.listeners):
            listener.end()
        await self._wire.close(farewell)

    def _frames(self, item: Fact | Notice) -> list[frames.Frame]:
        match item:
            case Opened():
                return self.codec.opened(item.session)
            case Relayed(answer=Reply() as reply):
                return self.codec.replied(reply)
            case Refused():
                return self.codec.replied(_complaint(item))
            case Resumed() | Pinged() | Ponged() | Relayed():
                return []  # not of this protocol
            case _:
                return self.codec.told(item)


def meant(data: str | bytes, codec: Codec, watch: SessionObserver, *, sound: bool = True) -> Iterator[Said]:
    """What one frame means to the session, in order. Not `sound`: there must be none in it."""
    for item in meant_by_portions(data, codec, watch, sound=sound):
        if not isinstance(item, Rest):
            yield item


def meant_by_portions(
    data: str | bytes, codec: Codec, watch: SessionObserver, *, sound: bool = True
) -> Iterator[Said | Rest]:
    """The same, for frames so large that others must not wait for all of it: see `Rest`."""
    if isinstance(data, str):
        watch.received(data[:SHOWN_CHARS])
    for item in codec.read(data, sound=sound):
        if isinstance(item, Sound):
            watch.received(item.pcm)
        if isinstance(item, Rest):
            yield item
        else:
            yield _inbound(item)


def heard(pcm: bytes, codec: Codec, watch: SessionObserver) -> Iterator[Said]:
    """What sound means that came over a call: s16le at 16 kHz, at most 200 ms."""
    for item in codec.heard(pcm):
        watch.received(pcm)
        yield _inbound(item)


def _inbound(item: Meant) -> Said:
    match item:
        case Sound(pcm):
            return Heard(pcm)
        case Reply():
            return Relayed(item)
        case AfterSound(what):
            return inbound.AfterSound(Relayed(what) if isinstance(what, Reply) else what)
        case _:
            return item


def _complaint(refused: Refused) -> Reply:
    problem = ProtocolError(
        refused.code, refused.message, field=refused.field, in_reply_to=refused.in_reply_to
    )
    return Reply(lambda: [frames.error(problem)])
