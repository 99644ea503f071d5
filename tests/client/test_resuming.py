from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from voice_server.client.backoff import backoff_ms
from voice_server.client.log import Entry
from voice_server.client.memory_link import MemoryLink, memory_links
from voice_server.client.resuming import BACKLOG_FRAMES, Held, Ticket
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import LinkError

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]

STARTED = {
    "type": "session.started",
    "seq": 1,
    "session": "s",
    "token": "t1",
    "resume_window_ms": 60_000,
    "heartbeat_ms": 10_000,
    "config": {},
}


class House:
    """A server with a door, whose end of each connection the test holds."""

    def __init__(self) -> None:
        self.far: list[MemoryLink] = []
        self._knocks: asyncio.Queue[None] = asyncio.Queue()
        self.away = 0
        """So many knocks find nobody."""
        self.knocked_at_s: list[float] = []

    async def door(self) -> MemoryLink:
        self.knocked_at_s.append(asyncio.get_running_loop().time())
        if self.away:
            self.away -= 1
            raise LinkError("no voice server answers")
        near, far = memory_links()
        self.far.append(far)
        self._knocks.put_nowait(None)
        return near

    async def knock(self) -> Any:
        """Wait for the next knock. Returns what the client said."""
        await self._knocks.get()
        return await self.heard()

    async def say(self, **message: object) -> None:
        await self.far[-1].send(json.dumps(message))

    async def heard(self) -> Any:
        raw = await self.far[-1].receive()
        return json.loads(raw) if isinstance(raw, str) else raw

    async def resumes(self, from_seq: int, **more: object) -> Any:
        """Wait for the next knock, and let it in. Returns what the client said."""
        asked = await self.knock()
        await self.say(type="session.resumed", seq=99, session="s", from_seq=from_seq, **more)
        return asked


async def started(house: House) -> VoiceClient:
    client = VoiceClient(await house.door(), door=house.door)
    await house.say(**STARTED)
    await client.start({})
    await house.knock()
    return client


async def types(client: VoiceClient, count: int) -> list[str]:
    return [(await client.receive()).type for _ in range(count)]


def test_a_lost_connection_is_replaced_and_each_message_comes_once(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        client.playhead = lambda: {"response": 4, "played_ms": 120}
        for seq in (2, 3):
            await house.say(type="response.text", seq=seq, delta=str(seq))
        house.far[-1].drop()
        receiving = asyncio.ensure_future(types(client, 7))
        asked = await house.resumes(3, token="t2")
        assert asked == {
            "type": "session.resume",
            "session": "s",
            "token": "t1",
            "last_seq": 3,
            "response": 4,
            "played_ms": 120,
        }
        for seq in (3, 4, 4, 5):
            await house.say(type="response.text", seq=seq, delta=str(seq))
        assert await receiving == [
            *["response.text"] * 2,
            "connection",
            "session.resumed",
            *["response.text"] * 3,
        ]
        deltas = [entry.message["delta"] for entry in client.log.received("response.text")]
        assert deltas == ["2", "3", "3", "4", "5"], "the server said that it begins again with 3"

    run_virtual(scenario())


def test_a_token_is_used_once_and_the_next_loss_uses_the_next(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        tokens = []
        for n in range(2, 5):
            house.far[-1].drop()
            receiving = asyncio.ensure_future(types(client, 2))
            tokens.append((await house.resumes(2, token=f"t{n}"))["token"])
            assert await receiving == ["connection", "session.resumed"]
        assert tokens == ["t1", "t2", "t3"]

    run_virtual(scenario())


def test_what_is_sent_meanwhile_is_sent_when_the_connection_is_back(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        house.far[-1].drop()
        receiving = asyncio.ensure_future(types(client, 2))
        await asyncio.sleep(0.1)
        await client.send("user.text", text="hello")
        await client.send_audio(np.array([1, 2], np.int16))
        await client.send("playback", response=1, played_ms=3)
        await client.send("interrupt")
        await house.resumes(2)
        await receiving
        await client.send("session.end")
        assert [await house.heard() for _ in range(4)] == [
            {"type": "user.text", "text": "hello"},
            b"\x01\x00\x02\x00",
            {"type": "interrupt"},
            {"type": "session.end"},
        ]

    run_virtual(scenario())


def test_it_knocks_less_and_less_often_until_somebody_answers(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        house.away = 4
        begun_s = asyncio.get_running_loop().time()
        house.far[-1].drop()
        receiving = asyncio.ensure_future(types(client, 2))
        await house.resumes(2)
        await receiving
        knocks = [knock_s - begun_s for knock_s in house.knocked_at_s[1:]]
        waits = [b - a for a, b in zip([0.0, *knocks], knocks, strict=False)]
        assert len(waits) == 5
        for attempt, wait_s in enumerate(waits):
            assert backoff_ms(attempt, 0) / 1000 <= round(wait_s, 3) <= backoff_ms(attempt, 1) / 1000

    run_virtual(scenario())


def test_when_the_server_keeps_the_session_no_longer_it_gives_up(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        house.away = 1_000
        begun_s = asyncio.get_running_loop().time()
        house.far[-1].drop()
        assert await types(client, 1) == ["connection"]
        with pytest.raises(LinkError, match="no voice server answers"):
            await client.receive()
        assert 60 <= asyncio.get_running_loop().time() - begun_s <= 80
        with pytest.raises(LinkError, match="no voice server answers"):
            await client.send("interrupt")

    run_virtual(scenario())


@pytest.mark.parametrize("code", [1000, 4400, 4401, 4404, 4409, 4413])
async def test_where_coming_back_would_not_help_it_stays_away(code: int) -> None:
    house = House()
    client = await started(house)
    await house.far[-1].close(code)
    with pytest.raises(LinkError) as lost:
        await client.receive()
    assert lost.value.close_code == code
    assert len(house.knocked_at_s) == 1


@pytest.mark.parametrize("code", [1001, 1006, 1012, 4408, 4500])
def test_after_any_other_end_it_comes_back(code: int, run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        await house.far[-1].close(code)
        receiving = asyncio.ensure_future(types(client, 2))
        await house.resumes(2)
        assert await receiving == ["connection", "session.resumed"]

    run_virtual(scenario())


def test_a_session_that_is_gone_is_a_refusal(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        house.far[-1].drop()
        receiving = asyncio.ensure_future(types(client, 2))
        await house.knock()
        await house.say(type="error", code="no_session", message="gone", fatal=True)
        await house.far[-1].close(4404)
        with pytest.raises(LinkError, match="no_session: gone"):
            await receiving

    run_virtual(scenario())


def test_a_busy_server_is_asked_again_when_it_said(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        house.far[-1].drop()
        receiving = asyncio.ensure_future(types(client, 2))
        await house.knock()
        await house.say(type="error", code="busy", message="full", fatal=True, retry_after_ms=20_000)
        await house.far[-1].close(4429)
        await house.resumes(2)
        await receiving
        assert house.knocked_at_s[-1] - house.knocked_at_s[-2] >= 20

    run_virtual(scenario())


def test_a_server_that_says_nothing_when_we_knock_is_knocked_at_again(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        house.far[-1].drop()
        receiving = asyncio.ensure_future(types(client, 2))
        await house.knock()
        await house.resumes(2)
        assert await receiving == ["connection", "session.resumed"]
        with pytest.raises(LinkError):
            await house.far[1].receive()

    run_virtual(scenario())


def test_a_peer_that_is_silent_for_two_heartbeats_is_left(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        house = House()
        client = await started(house)
        begun_s = asyncio.get_running_loop().time()
        lost: Entry = await client.receive()
        assert lost.message["lost"] == "nothing has come from the server for 20 s"
        assert asyncio.get_running_loop().time() - begun_s == pytest.approx(20)

    run_virtual(scenario())


async def test_a_session_that_has_ended_is_not_resumed() -> None:
    house = House()
    client = await started(house)
    await house.say(type="session.ended", seq=2, reason="idle")
    await house.far[-1].close(1012)
    assert (await client.receive()).type == "session.ended"
    with pytest.raises(LinkError):
        await client.receive()
    assert len(house.knocked_at_s) == 1


async def test_where_the_server_keeps_no_sessions_a_loss_is_final() -> None:
    house = House()
    client = VoiceClient(await house.door(), door=house.door)
    await house.say(**{**STARTED, "resume_window_ms": 0})
    await client.start({})
    house.far[-1].drop()
    with pytest.raises(LinkError):
        await client.receive()


async def test_of_too_much_held_sound_the_oldest_is_given_up_and_no_message() -> None:
    held, (near, far) = Held(), memory_links()
    held.add("first")
    for n in range(BACKLOG_FRAMES + 3):
        held.add(bytes([n]))
    held.add("last")
    await held.flush(near)
    found = [await far.receive() for _ in range(BACKLOG_FRAMES + 2)]
    assert found == ["first", *[bytes([n]) for n in range(3, BACKLOG_FRAMES + 3)], "last"]


async def test_what_could_not_be_flushed_stays() -> None:
    held, (near, _far) = Held(), memory_links()
    held.add("first")
    await near.close()
    with pytest.raises(LinkError):
        await held.flush(near)
    near, far = memory_links()
    await held.flush(near)
    assert await far.receive() == "first"


def test_a_message_without_a_number_is_always_new() -> None:
    ticket = Ticket.of({"session": "s", "token": "t", "seq": 1})
    assert [ticket.take({"type": "x", "seq": seq}) for seq in (2, 2, 1, 3)] == [True, False, False, True]
    assert ticket.take({"type": "x"})
