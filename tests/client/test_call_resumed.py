"""A connection lost in the middle of an answer: what the person at the loudspeaker hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voice_server.client.call import Call, Recording
from voice_server.client.conversation import Conversation
from voice_server.client.log import Message
from voice_server.client.memory_link import MemoryLink, memory_links
from voice_server.client.script import Action, HangUp, Scene
from voice_server.client.voice_client import VoiceClient
from voice_server.client.wire import AudioFrame, pack_audio
from voice_server.errors import LinkError

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]
RATE_HZ = 8_000
FRAME = 160
ANSWER = np.arange(1, 50 * FRAME + 1, dtype=np.int16)
"""One second, each sample with a value of its own."""

STARTED = {
    "type": "session.started",
    "seq": 1,
    "session": "s",
    "token": "t1",
    "resume_window_ms": 60_000,
    "heartbeat_ms": 10_000,
    "config": {"audio": {"input_rate": 16_000, "output_rate": RATE_HZ}},
}


@dataclass
class Server:
    """Sends half of the answer, is cut off, and sends the rest from where the client says it is."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    sound_bytes: int = 0

    async def door(self) -> MemoryLink:
        near, far = memory_links()
        self._serving = asyncio.ensure_future(self._serve(far))
        return near

    async def _serve(self, link: MemoryLink) -> None:
        message = json.loads(await link.receive())
        if message["type"] == "session.start":
            await link.send(json.dumps(STARTED))
            await self._play(link, 0, 20)
            await asyncio.sleep(0.1)
            link.drop()
            return
        self.asked.append(message)
        position = message["played_ms"] * RATE_HZ // 1_000
        resumed = {"type": "session.resumed", "session": "s", "seq": 9, "from_seq": 2, "response": 1}
        await link.send(json.dumps({**resumed, "position": position}))
        await self._play(link, position // FRAME, 50)
        with suppress(LinkError):
            while True:
                raw = await link.receive()
                self.sound_bytes += len(raw) if isinstance(raw, bytes) else 0

    async def _play(self, link: MemoryLink, first: int, end: int) -> None:
        for at in range(first * FRAME, end * FRAME, FRAME):
            last = at == 49 * FRAME
            await link.send(pack_audio(AudioFrame(1, at, ANSWER[at : at + FRAME], last)))


@dataclass
class HangUpAt:
    at_ms: float

    def act(self, scene: Scene) -> Iterable[Action]:
        if scene.now_ms >= self.at_ms:
            yield HangUp()


async def called(server: Server) -> Recording:
    call = Call(VoiceClient(await server.door(), door=server.door), HangUpAt(2_500))
    await call.hold()
    return call.recording()


def test_the_answer_is_heard_to_its_end_each_sample_once(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        server = Server()
        heard = (await called(server)).heard()
        assert heard[np.flatnonzero(heard)].tolist() == ANSWER.tolist()
        (asked,) = server.asked
        assert asked["response"] == 1
        assert 100 < asked["played_ms"] <= 400

    run_virtual(scenario())


def test_the_microphone_goes_on(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        server = Server()
        recording = await called(server)
        assert len(recording.microphone) >= 2_480 * 16
        assert server.sound_bytes >= 2 * (len(recording.microphone) - 120 * 16), "held while nobody was there"

    run_virtual(scenario())


def test_the_log_says_when_and_why(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        log = (await called(Server())).log
        said = [entry.message for entry in log.entries if entry.type == "connection"]
        assert said == [{"type": "connection", "lost": "the connection was lost (code 1006)"}]
        (back,) = log.received("session.resumed")
        assert 300 <= log.time_ms(back) <= 700

    run_virtual(scenario())


def test_a_conversation_with_real_devices_goes_on_too(run_virtual: RunVirtual) -> None:
    class Device:
        def __init__(self) -> None:
            self.played: list[int] = []

        async def read(self) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
            await asyncio.sleep(0.02)
            return np.zeros(320, np.int16)

        async def write(self, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
            await asyncio.sleep(0.02)
            self.played += samples.tolist()

    async def scenario() -> None:
        server, device, told = Server(), Device(), list[Message]()
        client = VoiceClient(await server.door(), door=server.door)
        await client.start({})
        talking = asyncio.ensure_future(Conversation(client, RATE_HZ, told.append).hold(device, device))
        await asyncio.sleep(2.5)
        talking.cancel()
        with suppress(asyncio.CancelledError):
            await talking
        assert [sample for sample in device.played if sample] == ANSWER.tolist()
        assert [message["type"] for message in told if message["type"] != "audio"] == [
            "connection",
            "session.resumed",
        ]

    run_virtual(scenario())
