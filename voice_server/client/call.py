"""One whole session: a microphone and a loudspeaker on a connection, directed by a script."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import FRAME_MS, INPUT_HZ
from voice_server.client.clock import NS_PER_MS, to_samples
from voice_server.client.log import Entry, Log, Message
from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.microphone import Microphone
from voice_server.client.reports import PlaybackReports
from voice_server.client.script import HangUp, Scene, Script, Send, Speak, start_sample
from voice_server.client.track import Track
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import LinkError


@dataclass(slots=True)
class Recording:
    """What is left of a session, also of one that was broken off."""

    log: Log
    loudspeaker: Loudspeaker
    microphone: Pcm
    """Everything that was sent, at `input_rate_hz`."""
    input_rate_hz: int
    end_ms: float
    """How long the microphone ran."""
    config: Message
    """As the server resolved it."""
    lateness_ms: tuple[float, ...] = ()
    """Per frame: how long after its moment it left."""
    spoken_at_ms: tuple[float, ...] = ()
    """When the first sample of each `Speak` sounded, in their order."""

    def heard(self) -> Pcm:
        """The timeline as sound, from the microphone's beginning, at the loudspeaker's rate."""
        return self.loudspeaker.render(int(self.end_ms * self.loudspeaker.rate_hz / 1000))


@dataclass(slots=True)
class Call:
    """A session in progress. `hold` runs it; `recording` answers at any time, also after a failure."""

    client: VoiceClient
    script: Script
    track: Track = field(default_factory=lambda: Track(INPUT_HZ))
    config: Mapping[str, Any] = field(default_factory=dict)
    _resolved: Message = field(default_factory=dict)
    _microphone: Microphone | None = None
    _loudspeaker: Loudspeaker = field(default_factory=lambda: Loudspeaker(INPUT_HZ))
    _reports: PlaybackReports = field(default_factory=PlaybackReports)
    _spoken_at_ms: list[float] = field(default_factory=list)
    _lost: LinkError | None = None
    _over: bool = False

    async def hold(self) -> None:
        """Run the session to the end of its script. Raises LinkError when the server is lost before that."""
        started = await self.client.start(self.config)
        self._resolved = started.get("config", {})
        audio = self._resolved.get("audio", {})
        self._loudspeaker = Loudspeaker(int(audio.get("output_rate", INPUT_HZ)))
        self._microphone = Microphone(self.track, self.client.clock, self.client.send_audio)
        self.client.log.zero_ns = self._microphone.start_ns
        self.client.playhead = self._playhead
        try:
            await self._run(self._microphone)
        finally:
            await self.client.end()
        if self._lost and not self._over:
            raise self._lost

    def recording(self) -> Recording:
        """What has happened so far."""
        microphone = self._microphone
        return Recording(
            log=self.client.log,
            loudspeaker=self._loudspeaker,
            microphone=microphone.recording() if microphone else np.zeros(0, np.int16),
            input_rate_hz=self.track.rate_hz,
            end_ms=len(microphone.lateness_ms) * FRAME_MS if microphone else 0.0,
            config=self._resolved,
            lateness_ms=tuple(microphone.lateness_ms) if microphone else (),
            spoken_at_ms=tuple(self._spoken_at_ms),
        )

    async def _run(self, microphone: Microphone) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._speak(microphone)), group.create_task(self._listen())]
            await self._direct(microphone)
            for task in tasks:
                task.cancel()

    async def _speak(self, microphone: Microphone) -> None:
        try:
            await microphone.run()
        except LinkError as error:
            self._lost = self._lost or error

    async def _listen(self) -> None:
        try:
            while True:
                await self._take(await self.client.receive())
        except LinkError as error:
            self._lost = error

    async def _take(self, entry: Entry) -> None:
        """Let one thing from the server act on the loudspeaker, at once."""
        now = self._now_samples()
        match entry.type:
            case "audio" if entry.frame:
                self._loudspeaker.receive(entry.frame, now)
            case "response.stop":
                response = int(entry.message["response"])
                self._loudspeaker.stop(response, now)
                self._reports.stopped(response)
                await self._report(response, now)
            case "response.resume":
                self._loudspeaker.resume(int(entry.message["response"]))
            case "session.ended":
                self._over = True

    async def _direct(self, microphone: Microphone) -> None:
        """Ask the script every 20 ms, and report playback."""
        tick_ns = self.client.clock.now_ns()
        while not self._over and not self._lost:
            with suppress(LinkError):  # the listener says why the connection ended
                await self._tick(microphone)
            tick_ns += FRAME_MS * NS_PER_MS
            await self.client.clock.sleep_until(tick_ns)

    async def _tick(self, microphone: Microphone) -> None:
        now_ms = (self.client.clock.now_ns() - microphone.start_ns) / NS_PER_MS
        for action in self.script.act(Scene(now_ms, self.client.log, self._loudspeaker, self.track)):
            match action:
                case Send(type_, fields):
                    await self.client.send(type_, **dict(fields))
                case Speak():
                    self._lay(action, microphone)
                case HangUp():
                    self._over = True
        now = self._now_samples()
        for response in self._reports.due(now_ms, self._loudspeaker.sounding(now)):
            await self._report(response, now)

    def _lay(self, action: Speak, microphone: Microphone) -> None:
        at = start_sample(action, self.track, microphone.next_sample())
        self.track.lay(action.samples, at)
        self._spoken_at_ms.append(at * 1000 / self.track.rate_hz)

    async def _report(self, response: int, now: int) -> None:
        played_ms = self._loudspeaker.played_ms(response, now)
        await self.client.send("playback", response=response, played_ms=played_ms)

    def _playhead(self) -> Message:
        heard = self._loudspeaker.playhead(self._now_samples())
        return {"response": heard[0], "played_ms": heard[1]} if heard else {}

    def _now_samples(self) -> int:
        elapsed_ns = self.client.clock.now_ns() - (self.client.log.zero_ns or 0)
        return to_samples(elapsed_ns, self._loudspeaker.rate_hz)
