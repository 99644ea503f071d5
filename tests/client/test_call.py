from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from voice_server.audio.pcm import from_bytes
from voice_server.client.call import Call, Recording
from voice_server.client.memory_link import MemoryLink, memory_links
from voice_server.client.script import Action, HangUp, Scene, Speak
from voice_server.client.voice_client import VoiceClient
from voice_server.client.wire import AudioFrame, pack_audio
from voice_server.errors import LinkError

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]
RATE_HZ = 8_000
FRAME = 160


@dataclass
class HangUpAt:
    """Speaks at once, and hangs up at a time."""

    at_ms: float
    opening: list[Action] = field(default_factory=list)

    def act(self, scene: Scene) -> Iterable[Action]:
        while self.opening:
            yield self.opening.pop()
        if scene.now_ms >= self.at_ms:
            yield HangUp()


class Server:
    """The far end: notes what comes, and says what a test's own coroutine tells it to."""

    def __init__(self, link: MemoryLink) -> None:
        self.link = link
        self.messages: list[dict[str, Any]] = []
        self.frames: list[bytes] = []
        self._seq = 0

    async def say(self, type_: str, **fields: object) -> None:
        self._seq += 1
        await self.link.send(json.dumps({"type": type_, "seq": self._seq, "t_ms": 0, **fields}))

    async def play(self, response: int, position: int, samples: int) -> None:
        await self.link.send(pack_audio(AudioFrame(response, position, np.full(samples, 999, np.int16))))

    async def run(self, play: Callable[[Server], Awaitable[None]]) -> None:
        config = {"audio": {"input_rate": 16_000, "output_rate": RATE_HZ}}
        await self.say("session.started", session="s", heartbeat_ms=10_000, config=config)
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(_as_coroutine(play(self)))
            with suppress(LinkError):
                while True:
                    await self._note(await self.link.receive())
            playing.cancel()

    async def _note(self, raw: str | bytes) -> None:
        if isinstance(raw, bytes):
            self.frames.append(raw)
            return
        self.messages.append(json.loads(raw))
        if self.messages[-1]["type"] == "session.end":
            await self.say("session.ended", reason="client")
            await self.link.close()

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == type_]


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


async def hold(script: HangUpAt, play: Callable[[Server], Awaitable[None]]) -> tuple[Server, Recording]:
    """One session in virtual time: the server first says whatever `play` says."""
    near, far = memory_links()
    server = Server(far)
    call = Call(VoiceClient(near), script)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run(play))
        await call.hold()
    return server, call.recording()


async def at_ms(ms: float) -> None:
    """Wait until this moment of the session, on the loop's clock."""
    await asyncio.sleep(1_000.0 + ms / 1_000 - asyncio.get_running_loop().time())


def test_the_microphone_sends_each_20_ms_until_the_script_hangs_up(run_virtual: RunVirtual) -> None:
    async def silent(_server: Server) -> None:
        return

    async def scenario() -> None:
        samples = np.arange(1, 701, dtype=np.int16)
        server, recording = await hold(HangUpAt(200, [Speak(samples, 30)]), silent)
        sent = from_bytes(b"".join(server.frames))
        assert len(server.frames) in (9, 10)
        assert sent[480:1180].tolist() == samples.tolist()
        assert not sent[:480].any()
        assert np.array_equal(sent, recording.microphone)
        assert recording.spoken_at_ms == (30.0,)
        assert server.messages[-1] == {"type": "session.end"}

    run_virtual(scenario())


def test_what_was_heard_is_exact_to_the_sample(run_virtual: RunVirtual) -> None:
    async def answer(server: Server) -> None:
        await at_ms(101)
        await server.play(1, 0, FRAME)
        await server.play(1, FRAME, FRAME)

    async def scenario() -> None:
        _server, recording = await hold(HangUpAt(300), answer)
        heard = recording.heard()
        assert np.flatnonzero(heard).tolist() == list(range(808, 808 + 2 * FRAME))
        assert len(heard) == recording.end_ms * RATE_HZ / 1_000

    run_virtual(scenario())


def test_a_stop_empties_the_loudspeaker_and_is_reported_at_once(run_virtual: RunVirtual) -> None:
    async def answer(server: Server) -> None:
        await at_ms(100)
        for index in range(15):
            await server.play(1, index * FRAME, FRAME)
        await at_ms(150)
        await server.say("response.stop", response=1, reason="barge_in", at_ms=140)
        await server.play(1, 15 * FRAME, FRAME)
        await at_ms(400)
        await server.say("response.resume", response=1, position=2 * FRAME)
        await server.play(1, 2 * FRAME, 3 * FRAME)

    async def scenario() -> None:
        server, recording = await hold(HangUpAt(500), answer)
        assert np.flatnonzero(recording.heard()).tolist() == [*range(800, 1_200), *range(3_200, 3_680)]
        assert recording.loudspeaker.dropped_frames == 1
        assert [m["played_ms"] for m in server.of("playback")] == [50, 100]

    run_virtual(scenario())


def test_playback_is_reported_every_200_ms_while_it_plays(run_virtual: RunVirtual) -> None:
    async def answer(server: Server) -> None:
        await at_ms(90)
        for index in range(25):
            await server.play(3, index * FRAME, FRAME)

    async def scenario() -> None:
        server, _recording = await hold(HangUpAt(900), answer)
        reports = server.of("playback")
        assert [m["response"] for m in reports] == [3, 3, 3]
        assert [m["played_ms"] for m in reports] == [210, 410, 500]

    run_virtual(scenario())


def test_a_lost_server_is_an_error_and_what_was_recorded_stays(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        near, far = memory_links()
        server = Server(far)
        call = Call(VoiceClient(near), HangUpAt(10_000))

        async def vanish(server: Server) -> None:
            await at_ms(100)
            await server.play(1, 0, FRAME)
            await server.link.close(1012, "bye")

        async with asyncio.TaskGroup() as group:
            group.create_task(server.run(vanish))
            with pytest.raises(LinkError, match="restarting; come back: bye"):
                await call.hold()
        assert len(call.recording().loudspeaker.segments) == 1

    run_virtual(scenario())


def test_the_session_may_be_ended_by_the_server(run_virtual: RunVirtual) -> None:
    async def goodbye(server: Server) -> None:
        await at_ms(100)
        await server.say("session.ended", reason="idle")
        await server.link.close()

    async def scenario() -> None:
        _server, recording = await hold(HangUpAt(10_000), goodbye)
        assert recording.end_ms <= 140

    run_virtual(scenario())


def test_cancelling_ends_the_session_politely_and_keeps_the_recording(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        near, far = memory_links()
        server = Server(far)
        call = Call(VoiceClient(near), HangUpAt(10_000))

        async def silent(_server: Server) -> None:
            return

        serving = asyncio.ensure_future(server.run(silent))
        calling = asyncio.ensure_future(call.hold())
        await at_ms(110)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await serving
        assert server.messages[-1]["type"] == "session.end"
        assert call.recording().end_ms == 100

    run_virtual(scenario())
