"""A real client over a real socket that is cut: the session is as it would have been without."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.transports.caller import call
from tests.transports.cutter import Cutter, cutter
from tests.transports.house import open_house
from voice_server.audio.pcm import Pcm
from voice_server.client.call import Call, Recording
from voice_server.client.script import Action, HangUp, Scene
from voice_server.client.voice_client import VoiceClient
from voice_server.protocol.codes import CloseCode

GREETING = "One two three four five. Six seven eight nine ten. Now it is your turn to say something."
PATIENCE_MS = 30_000
OF_THE_CONNECTION = {"ping", "pong", "session.resumed", "audio"}
TIMES = {"seq", "t_ms", "latency", "token", "session"}


@dataclass
class CutAndListen:
    """Cuts the network at these times of what is heard, and hangs up when all is said."""

    network: Cutter
    at_ms: list[int] = field(default_factory=list)

    def act(self, scene: Scene) -> Iterable[Action]:
        heard = scene.loudspeaker.playhead(scene.heard_samples)
        if self.at_ms and heard and heard[1] >= self.at_ms[0]:
            self.at_ms.pop(0)
            self.network.cut()
        done = bool(scene.log.received("response.done")) and not scene.playing
        if done or scene.now_ms > PATIENCE_MS:
            yield HangUp()


async def called(at_ms: list[int]) -> Recording:
    async with open_house() as house, cutter(house.url) as network:
        async with VoiceClient.connect(network.url, returning=True) as client:
            call = Call(client, CutAndListen(network, at_ms), config={"greeting": GREETING})
            await call.hold()
        return call.recording()


def told(recording: Recording) -> list[Mapping[str, Any]]:
    """What the server said of the conversation, without times."""
    messages = [e.message for e in recording.log.entries if e.from_server and e.type not in OF_THE_CONNECTION]
    return [{k: v for k, v in message.items() if k not in TIMES} for message in messages]


def sounded(recording: Recording) -> Pcm:
    """All that was heard, without the silence between."""
    return np.concatenate([segment.samples for segment in recording.loudspeaker.segments])


async def test_over_random_cuts_the_client_is_told_and_hears_the_same() -> None:
    uncut = await called([])
    chance = random.Random(5)
    cuts = sorted(chance.randrange(1, 1_500) for _ in range(4))
    cut = await called(list(cuts))
    assert len(cut.log.received("session.resumed")) >= 2, cuts
    assert told(cut) == told(uncut)
    assert np.array_equal(sounded(cut), sounded(uncut))


async def test_a_network_that_is_silent_is_left_and_the_session_goes_on() -> None:
    async with (
        open_house(session={"heartbeat_ms": 300}) as house,
        cutter(house.url) as network,
        VoiceClient.connect(network.url, returning=True) as client,
    ):
        await client.start({})
        network.stop()
        while (await client.receive()).type != "connection":
            pass
        network.flow()
        while (await client.receive()).type != "session.resumed":
            pass
        await client.send("user.text", text="hello")
        while (await client.receive()).type != "response.done":
            pass
        assert network.connections >= 2
        await client.end()


async def test_of_many_who_come_back_at_once_the_last_has_the_session_and_the_others_are_told() -> None:
    async with open_house() as house, AsyncExitStack() as stack:
        first = await stack.enter_async_context(call(house.url))
        started = await first.start()
        claim = {"type": "session.resume", "session": started["session"], "token": started["token"]}
        callers = [await stack.enter_async_context(call(house.url)) for _ in range(6)]
        await asyncio.gather(*[caller.send({**claim, "last_seq": 1}) for caller in callers])
        ends = [asyncio.ensure_future(caller.close_code()) for caller in callers]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        while sum(end.done() for end in ends) < len(ends) - 1:
            await asyncio.wait([end for end in ends if not end.done()], return_when=asyncio.FIRST_COMPLETED)
        assert {await end for end in ends if end.done()} == {CloseCode.TAKEN_OVER}
        assert await first.close_code() == CloseCode.TAKEN_OVER
        assert len(house.sessions) == 1
        assert house.sessions.attended == 1


async def test_a_token_from_before_is_good_until_the_next_one_has_arrived_and_then_never_again() -> None:
    """A resume that was delayed on its way must not take the session from its client."""
    async with open_house() as house, call(house.url) as first, call(house.url) as second:
        started = await first.start()
        claim = {"type": "session.resume", "session": started["session"], "last_seq": 1}
        await second.send({**claim, "token": started["token"]})
        resumed = await second.next("session.resumed")
        assert resumed["token"] != started["token"]
        async with call(house.url) as third:
            await third.send({**claim, "token": started["token"]})
            newest = (await third.next("session.resumed"))["token"]
            await third.answered("hello")
            await third.send({"type": "ack", "seq": 3})
            assert await third.is_alive()
            for late in (started["token"], resumed["token"], "", "x", "é" * 50):
                async with call(house.url) as stranger:
                    await stranger.send({**claim, "token": late})
                    assert await stranger.close_code() in (CloseCode.NO_SESSION, CloseCode.BAD_MESSAGE)
            assert await third.is_alive()
            third.vanish()
        async with call(house.url) as fourth:
            await fourth.send({**claim, "last_seq": 3, "token": newest})
            await fourth.next("session.resumed")


async def test_a_client_that_claims_to_have_seen_what_was_never_sent_gets_no_session() -> None:
    async with open_house() as house, call(house.url) as first, call(house.url) as second:
        started = await first.start()
        first.vanish()
        claim = {"type": "session.resume", "session": started["session"], "token": started["token"]}
        await second.send({**claim, "last_seq": 99})
        assert await second.close_code() == CloseCode.NO_SESSION
        async with call(house.url) as third:
            await third.send({**claim, "last_seq": 1})
            await third.next("session.resumed")
