"""aiortc, with offers posted by the `openai` package: calls without a browser."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from openai import APIStatusError, AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from tests.conformance.language_server import ANSWER, PLACE
from tests.conformance.target import FRAME_BYTES, PATIENCE_S, RATE_HZ, Target

EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
TRANSCRIBED = {"input": {"transcription": {"model": "whisper-1"}}}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class Microphone(MediaStreamTrack):
    """20 ms of 24 kHz every 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sounds: deque[bytes] = deque()
        self._frames = 0
        self._began_s = 0.0

    def say(self, sound: bytes) -> None:
        self._sounds += [sound[at : at + FRAME_BYTES] for at in range(0, len(sound), FRAME_BYTES)]

    async def recv(self) -> AudioFrame:
        clock = asyncio.get_running_loop()
        self._began_s = self._began_s or clock.time()
        self._frames += 1
        await asyncio.sleep(self._began_s + self._frames * 0.02 - clock.time())
        pcm = self._sounds.popleft() if self._sounds else b""
        samples = np.frombuffer(pcm.ljust(FRAME_BYTES, b"\0"), np.int16)[None, :]
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = self._frames * samples.shape[1]
        return frame


class Call:
    """One call."""

    def __init__(self, connection: RTCPeerConnection) -> None:
        self.microphone = Microphone()
        self.connection = connection
        self.loud = 0
        self.kinds: list[str] = []
        self._events: asyncio.Queue[str] = asyncio.Queue()
        self._open = asyncio.Event()
        connection.addTrack(self.microphone)
        self._channel = connection.createDataChannel("oai-events")
        self._channel.on("open", self._open.set)
        self._channel.on("message", self._events.put_nowait)
        connection.on("track", lambda track: asyncio.ensure_future(self._hear(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                self.loud += bool(np.abs(frame.to_ndarray()).max() > 327)
        except MediaStreamError:
            return

    async def dial(self, client: AsyncOpenAI, session: dict[str, Any]) -> str:
        """Returns where the call is."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp = self.connection.localDescription.sdp
        answer = await client.realtime.calls.create(sdp=sdp, session=session)  # type: ignore[arg-type]
        await self.connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        async with asyncio.timeout(PATIENCE_S):
            await self._open.wait()
        return str(answer.response.headers["location"])

    def send(self, kind: str, **fields: Any) -> None:
        self._channel.send(json.dumps({"type": kind, **fields}))

    def says(self, text: str) -> None:
        """A text turn."""
        content = [{"type": "input_text", "text": text}]
        self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        self.send("response.create")

    async def next(self, *kinds: str) -> Any:
        """The next event of one of these types; all are judged, strictly."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = EVENTS.validate_json(await self._events.get(), strict=True)
                self.kinds.append(event.type)
                if event.type in kinds:
                    return event

    async def sounds(self) -> None:
        """Wait until something of the answer is heard."""
        async with asyncio.timeout(PATIENCE_S):
            while self.loud < 5:  # noqa: ASYNC110  nobody sets an event for it
                await asyncio.sleep(0.02)


@asynccontextmanager
async def calling(target: Target, **session: Any) -> AsyncIterator[Call]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        call = Call(connection)
        async with AsyncOpenAI(api_key="none", base_url=target.base_url) as client:
            await call.dial(client, {"type": "realtime", "model": "local-voice", **session})
        await call.next("session.created")
        yield call
    finally:
        await connection.close()


async def test_a_text_turn(target: Target) -> None:
    async with calling(target) as call:
        call.says("Hello.")
        done = await call.next("response.done")
        assert done.response.output[0].content[0].transcript.strip() == ANSWER
        await call.next("output_audio_buffer.stopped")
        assert call.loud > 20


async def test_a_spoken_turn(target: Target, question: bytes) -> None:
    async with calling(target, audio=TRANSCRIBED) as call:
        call.microphone.say(question)
        words = await call.next("conversation.item.input_audio_transcription.completed")
        assert "brooklyn" in words.transcript.lower()
        assert (await call.next("response.done")).response.status == "completed"


async def test_a_barge_in(target: Target, question: bytes) -> None:
    async with calling(target) as call:
        call.says("Tell me a story.")
        await call.sounds()
        call.microphone.say(question)
        done = await call.next("response.done")
        assert done.response.status_details.reason == "turn_detected"
        await call.next("output_audio_buffer.cleared")
        assert (await call.next("conversation.item.truncated")).audio_end_ms < 10_000


async def test_a_tool_call(target: Target) -> None:
    async with calling(target, tools=[WEATHER]) as call:
        call.says("How is the weather?")
        called = await call.next("response.function_call_arguments.done")
        assert (called.name, json.loads(called.arguments)) == ("get_weather", {"city": PLACE})
        await call.next("response.done")
        output = {"type": "function_call_output", "call_id": called.call_id, "output": "sunny"}
        call.send("conversation.item.create", item=output)
        call.send("response.create")
        done = await call.next("response.done")
        assert "sunny" in done.response.output[0].content[0].transcript


async def test_a_cancel(target: Target) -> None:
    async with calling(target) as call:
        call.says("Tell me a story.")
        await call.sounds()
        call.send("response.cancel")
        call.send("output_audio_buffer.clear")
        done = await call.next("response.done")
        assert done.response.status_details.reason == "client_cancelled"
        await call.next("output_audio_buffer.cleared")


async def test_a_malformed_event(target: Target) -> None:
    async with calling(target) as call:
        call.send("nonsense", event_id="e-1")
        assert (await call.next("error")).error.event_id == "e-1"
        call.says("Hello.")
        assert (await call.next("response.done")).response.status == "completed"


async def test_a_hang_up_and_a_broken_offer(target: Target) -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        async with AsyncOpenAI(api_key="none", base_url=target.base_url) as client:
            location = await Call(connection).dial(client, {"type": "realtime", "model": "local-voice"})
            await client.realtime.calls.hangup(location.rpartition("/")[2])
            with pytest.raises(APIStatusError, match="not an SDP offer"):
                await client.realtime.calls.create(sdp="hello")
    finally:
        await connection.close()
