"""A session with real devices: who they are is not known here, only that they read and play in real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import frame_samples
from voice_server.client.log import Entry, Message
from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.reports import PlaybackReports
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import LinkError


class Source(Protocol):
    """A microphone."""

    async def read(self) -> Pcm:
        """The next 20 ms, when they have sounded."""


class Sink(Protocol):
    """A loudspeaker."""

    async def write(self, samples: Pcm) -> None:
        """Queue 20 ms; returns when there is room for the next, so that it sets the pace."""


class Conversation:
    """Carries sound between devices and a session that has begun, until it ends."""

    def __init__(self, client: VoiceClient, output_hz: int, tell: Callable[[Message], None]) -> None:
        self._client = client
        self._tell = tell
        self._loudspeaker = Loudspeaker(output_hz)
        self._reports = PlaybackReports()
        self._now = 0  # samples that were given to the sink
        self._lost: LinkError | None = None
        client.playhead = self._playhead

    async def hold(self, source: Source, sink: Sink) -> None:
        """Talk until the server ends the session. Raises LinkError when it is lost. Cancel to hang up."""
        try:
            async with asyncio.TaskGroup() as group:
                carrying = [group.create_task(self._capture(source)), group.create_task(self._play(sink))]
                await self._listen()
                for task in carrying:
                    task.cancel()
        finally:
            await self._client.end()
        if self._lost:
            raise self._lost

    async def _capture(self, source: Source) -> None:
        try:
            while True:
                await self._client.send_audio(await source.read())
        except LinkError:
            return  # the listener says why

    async def _play(self, sink: Sink) -> None:
        count = frame_samples(self._loudspeaker.rate_hz)
        try:
            while True:
                piece = self._loudspeaker.render(self._now + count, self._now)
                self._now += count  # before the wait: what arrives meanwhile is for the next piece
                await sink.write(piece)
                self._loudspeaker.forget(self._now)
                await self._report()
        except LinkError:
            return

    async def _report(self) -> None:
        now_ms = self._now * 1000 / self._loudspeaker.rate_hz
        for response in self._reports.due(now_ms, self._loudspeaker.sounding(self._now)):
            await self._send_playback(response)

    async def _listen(self) -> None:
        try:
            async for entry in self._client:
                await self._take(entry)
        except LinkError as error:
            self._lost = error

    async def _take(self, entry: Entry) -> None:
        match entry.type:
            case "audio" if entry.frame:
                self._loudspeaker.receive(entry.frame, self._now)
            case "response.stop":
                response = int(entry.message["response"])
                self._loudspeaker.stop(response, self._now)
                self._reports.stopped(response)
                await self._send_playback(response)
            case "response.resume":
                self._loudspeaker.resume(int(entry.message["response"]))
        self._tell(entry.message)

    def _playhead(self) -> Message:
        heard = self._loudspeaker.playhead(self._now)
        return {"response": heard[0], "played_ms": heard[1]} if heard else {}

    async def _send_playback(self, response: int) -> None:
        played_ms = self._loudspeaker.played_ms(response, self._now)
        await self._client.send("playback", response=response, played_ms=played_ms)
