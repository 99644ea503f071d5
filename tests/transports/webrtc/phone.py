"""A client that calls by WebRTC: aiortc's, with a microphone that speaks what it is given."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any, Protocol

import httpx
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCBundlePolicy
from av import AudioFrame

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import FRAME_MS, INPUT_HZ, frame_samples
from voice_server.transports.webrtc.ice import IceConnection, IceOptions

Message = dict[str, Any]
Tweak = Callable[[str], str]
"""What happens to our SDP on its way."""


Judge = Callable[[Message], Message]
"""Raises where a message is not as it should be."""


class Between(Protocol):
    """Somebody whom the server's SDP passes."""

    async def answer(self, sdp: str) -> str: ...


PATIENCE_S = 20.0


def unjudged(message: Message) -> Message:
    """As it came."""
    return message


def as_it_is(sdp: str) -> str:
    """Nothing."""
    return sdp


def without_candidates(sdp: str) -> str:
    """As browsers send an offer at once: the server learns where the client is when the client asks."""
    lines = sdp.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("a=candidate", "a=end-of-candidates")))


class Microphone(MediaStreamTrack):
    """20 ms of 16 kHz every 20 ms: what was given to `say`, and silence."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sounds: deque[Pcm] = deque()
        self._frames = 0
        self._start_s = 0.0

    def say(self, sound: Pcm) -> None:
        """After what is still to be said."""
        size = frame_samples(INPUT_HZ)
        self._sounds += [sound[start : start + size] for start in range(0, len(sound), size)]

    async def recv(self) -> AudioFrame:
        """The next 20 ms, when they have passed."""
        loop = asyncio.get_running_loop()
        self._start_s = self._start_s or loop.time()
        self._frames += 1
        await asyncio.sleep(self._start_s + self._frames * FRAME_MS / 1000 - loop.time())
        samples = np.zeros((1, frame_samples(INPUT_HZ)), np.int16)
        if self._sounds:
            sound = self._sounds.popleft()
            samples[0, : len(sound)] = sound
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base = INPUT_HZ, Fraction(1, INPUT_HZ)
        frame.pts = self._frames * samples.shape[1]
        return frame


class Phone:
    """One call. `dial`, then `start`, then talk."""

    def __init__(
        self,
        url: str,
        label: str = "voice.v1",
        judge: Judge = unjudged,
        ice: IceOptions = IceOptions(),  # noqa: B008  frozen
    ) -> None:
        self._judge = judge
        self.url = url
        """Where to offer: `http://HOST:PORT/v1/voice/calls`."""
        self.connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.microphone = Microphone()
        self.heard: list[Pcm] = []
        """Frames of 20 ms, mono, 48 kHz."""
        self.location = ""
        self._sender = self.connection.addTrack(self.microphone)
        self._ice = IceConnection(ice)
        self._ice.take_the_place_of(self._sender.transport.transport)
        self.channel = self.connection.createDataChannel(label)
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._open = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._listen_to(self.channel)
        self.connection.on("track", self._track_came)

    def _listen_to(self, channel: RTCDataChannel) -> None:
        channel.on("open", self._open.set)
        channel.on("message", lambda text: self._messages.put_nowait(self._judge(json.loads(text))))
        channel.on("close", lambda: self._messages.put_nowait(None))

    def _track_came(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            stereo = frame.to_ndarray().astype(np.int16)
            self.heard.append(stereo[0, ::2])

    # ── signalling ──

    async def offer(self) -> str:
        """Our SDP."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def dial(
        self, *, offer: Tweak = as_it_is, answer: Between | None = None, key: str = ""
    ) -> httpx.Response:
        """Call, and wait for the data channel if the server takes the call."""
        headers = {"Content-Type": "application/sdp", **({"Authorization": f"Bearer {key}"} if key else {})}
        async with httpx.AsyncClient(trust_env=False) as http:
            response = await http.post(self.url, content=offer(await self.offer()), headers=headers)
        if response.status_code == 201:
            await self.connect(response, answer)
        return response

    async def connect(self, response: httpx.Response, answer: Between | None = None) -> None:
        """Take the answer to an offer, and wait for the data channel."""
        self.location = str(response.url.join(response.headers["location"]))
        await self._accept(await answer.answer(response.text) if answer else response.text)
        async with asyncio.timeout(PATIENCE_S):
            await self._open.wait()

    async def reach(self, answering: Callable[[str], Awaitable[str]]) -> None:
        """Call somebody in this process, and wait for the data channel."""
        await self._accept(await answering(await self.offer()))
        async with asyncio.timeout(PATIENCE_S):
            await self._open.wait()

    def mute(self) -> None:
        """Before a call: no sound, in neither direction."""
        self.connection.getTransceivers()[0].direction = "inactive"

    async def restart(self, *, offer: Tweak = as_it_is, answer: Between | None = None) -> httpx.Response:
        """As `restartIce()` and an offer to the call."""
        self._ice.begin_restart()
        self._sender.transport.transport.iceGatherer._remote_candidates_end = False
        async with httpx.AsyncClient(trust_env=False) as http:
            headers = {"Content-Type": "application/sdp"}
            response = await http.patch(self.location, content=offer(await self.offer()), headers=headers)
        assert response.status_code == 200, response.text
        await self._accept(await answer.answer(response.text) if answer else response.text)
        lines = dict(line.split(":", 1) for line in response.text.splitlines() if line.startswith("a=ice-"))
        async with asyncio.timeout(PATIENCE_S):
            await self._ice.restart(lines["a=ice-ufrag"], lines["a=ice-pwd"])
        return response

    async def hang_up(self) -> int:
        """DELETE the call: the status."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.delete(self.location)).status_code

    async def _accept(self, sdp: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    # ── talking ──

    def send(self, message: Message | str | bytes) -> None:
        """On the data channel."""
        self.channel.send(json.dumps(message) if isinstance(message, dict) else message)

    async def start(self, **config: Any) -> Message:
        """Begin a session."""
        self.send({"type": "session.start", "config": config})
        return await self.next("session.started")

    async def next(self, *types: str) -> Message:
        """The next message of one of these types; what comes before it is passed over."""
        while (message := await self.any())["type"] not in types:
            pass
        return message

    async def any(self) -> Message:
        """The next message. Raises ConnectionError when the channel is closed."""
        async with asyncio.timeout(PATIENCE_S):
            message = await self._messages.get()
        if message is None:
            raise ConnectionError("the channel was closed")
        return message

    def waiting(self) -> Message | None:
        """The next message, if there is one."""
        return None if self._messages.empty() else self._messages.get_nowait()

    async def answered(self, text: str) -> Message:
        """Ask, and hear the answer out: its `response.done`."""
        self.send({"type": "user.text", "text": text})
        return await self.next("response.done")

    async def hears(self) -> None:
        """Wait until something sounds."""
        async with asyncio.timeout(PATIENCE_S):
            while not (self.heard and loud(self.heard[-1])):  # noqa: ASYNC110  nobody sets an event for it
                await asyncio.sleep(FRAME_MS / 1000)

    @property
    def sounded(self) -> int:
        """Frames in which something sounded."""
        return sum(map(loud, self.heard))

    async def leave(self) -> None:
        """Close, as a page that is closed."""
        await self.connection.close()
        self.microphone.stop()
        if self._listening:
            self._listening.cancel()


def loud(frame: Pcm) -> bool:
    """Above -40 dBFS."""
    return bool(len(frame) and np.abs(frame.astype(np.int32)).max() > 327)


@asynccontextmanager
async def phone(house_url: str, label: str = "voice.v1") -> AsyncIterator[Phone]:
    """A phone for this house (`ws://HOST:PORT/v1/voice`), hung up in the end."""
    caller = Phone(house_url.replace("ws://", "http://") + "/calls", label)
    try:
        yield caller
    finally:
        await caller.leave()
