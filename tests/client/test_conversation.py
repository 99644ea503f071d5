from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from voice_server.audio.pcm import Pcm
from voice_server.client.conversation import Conversation
from voice_server.client.log import Message
from voice_server.client.memory_link import MemoryLink, memory_links
from voice_server.client.voice_client import VoiceClient
from voice_server.client.wire import AudioFrame, pack_audio
from voice_server.errors import LinkError

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]
RATE_HZ = 8_000
FRAME = 160


class Device:
    """A sound device: 20 ms of reading or writing take 20 ms."""

    def __init__(self) -> None:
        self.played: list[Pcm] = []

    async def read(self) -> Pcm:
        await asyncio.sleep(0.02)
        return np.full(320, 5, np.int16)

    async def write(self, samples: Pcm) -> None:
        await asyncio.sleep(0.02)
        self.played.append(samples)

    def sound(self) -> list[int]:
        """All that was played, by frames: the first sample of each."""
        return [int(samples[0]) for samples in self.played]


async def say(far: MemoryLink, **message: object) -> None:
    await far.send(json.dumps(message))


async def play(far: MemoryLink, position: int, frames: int) -> None:
    for index in range(frames):
        at = position + index * FRAME
        await far.send(pack_audio(AudioFrame(1, at, np.full(FRAME, 1 + at // FRAME, np.int16))))


async def received(far: MemoryLink) -> list[Any]:
    """Everything the client sent: messages, and the length of each piece of audio."""
    found: list[Any] = []
    with suppress(LinkError):
        while True:
            raw = await far.receive()
            found.append(len(raw) if isinstance(raw, bytes) else json.loads(raw))
    return found


async def under_way() -> tuple[MemoryLink, asyncio.Future[None]]:
    """The server's end of a conversation that has begun, and the conversation."""
    near, far = memory_links()
    device = Device()
    conversation = Conversation(VoiceClient(near), RATE_HZ, lambda _: None)
    talking = asyncio.ensure_future(conversation.hold(device, device))
    await asyncio.sleep(0.05)
    return far, talking


def test_sound_goes_both_ways_and_stops_when_the_server_says_so(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        near, far = memory_links()
        device, told = Device(), list[Message]()
        conversation = Conversation(VoiceClient(near), RATE_HZ, told.append)
        talking = asyncio.ensure_future(conversation.hold(device, device))
        await asyncio.sleep(0.05)
        await play(far, 0, 6)
        await asyncio.sleep(0.08)
        await say(far, type="response.stop", response=1, reason="barge_in")
        await asyncio.sleep(0.04)
        await say(far, type="response.resume", response=1, position=FRAME)
        await play(far, FRAME, 2)
        await asyncio.sleep(0.1)
        await say(far, type="session.ended", reason="idle")
        await far.close()
        await talking
        assert [value for value in device.sound() if value] == [1, 2, 3, 4, 2, 3]
        assert [m["type"] for m in told if m["type"] != "audio"] == [
            "response.stop",
            "response.resume",
            "session.ended",
        ]
        sent = await received(far)
        assert sent.count(640) >= 10
        playback = [m["played_ms"] for m in sent if isinstance(m, dict) and m["type"] == "playback"]
        assert playback[0] == 80
        assert playback[-1] == 60

    run_virtual(scenario())


def test_a_lost_server_is_an_error(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        far, talking = await under_way()
        await far.close(1012)
        with pytest.raises(LinkError, match="restarting"):
            await talking

    run_virtual(scenario())


def test_hanging_up_says_goodbye(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        far, talking = await under_way()
        talking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await talking
        assert (await received(far))[-1] == {"type": "session.end"}

    run_virtual(scenario())
