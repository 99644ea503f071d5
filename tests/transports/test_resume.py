"""Coming back over real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.transports.caller import Caller, Message, call
from tests.transports.house import House, open_house
from tests.transports.listening import until
from voice_server.protocol.frames import decode_audio


async def _resume(caller: Caller, started: Message, last_seq: int, **more: Any) -> Message:
    wanted = {"session": started["session"], "token": started["token"], "last_seq": last_seq, **more}
    await caller.send({"type": "session.resume", **wanted})
    return await caller.next("session.resumed", "error")


async def _lose(house: House, caller: Caller) -> None:
    caller.vanish()
    await until(lambda: house.sessions.attended == 0)


async def test_a_client_that_vanished_hears_the_rest_of_the_answer() -> None:
    async with open_house() as house:
        async with call(house.url) as first:
            started = await first.start()
            await first.send({"type": "user.text", "text": "Hello."})
            began = await first.next("response.started")
            await first.hears()
            await _lose(house, first)
        async with call(house.url) as second:
            resumed = await _resume(second, started, began["seq"], response=1, played_ms=20)
            assert (resumed["seq"], resumed["from_seq"]) == (began["seq"], began["seq"] + 1)
            assert resumed["token"] != started["token"]
            following = await second.next("response.text", "response.words")
            assert following["seq"] == began["seq"] + 1
            done = await second.next("response.done")
            await second.send({"type": "session.end"})
    assert (done["status"], done["heard"]) == ("completed", "All right, I am on it.")
    assert (resumed["response"], resumed["position"]) == (1, decode_audio(second.audio[0]).position)
    assert decode_audio(second.audio[-1]).last


async def test_the_first_connection_is_told_that_another_took_over() -> None:
    async with open_house() as house, call(house.url) as first, call(house.url) as second:
        started = await first.start()
        await _resume(second, started, 1)
        assert await first.close_code() == 4409
        assert await second.is_alive()


async def test_whoever_has_no_session_here_is_told_so() -> None:
    async with open_house() as house, call(house.url) as inside:
        started = await inside.start()
        for wrong in ({"session": "s_nobody"}, {"token": "guess"}, {"last_seq": 1_000_000}):
            async with call(house.url) as caller:
                wanted = {"session": started["session"], "token": started["token"], "last_seq": 1, **wrong}
                await caller.send({"type": "session.resume", **wanted})
                error = await caller.next("error")
                assert (error["code"], error["fatal"]) == ("no_session", True)
                assert await caller.close_code() == 4404
        assert await inside.is_alive()


async def test_a_client_that_closes_as_usual_has_left_for_good() -> None:
    async with open_house() as house:
        async with call(house.url) as first:
            started = await first.start()
        await until(lambda: len(house.sessions) == 0)
        async with call(house.url) as second:
            assert (await _resume(second, started, 1))["code"] == "no_session"


async def test_a_page_that_goes_away_may_come_back() -> None:
    async with open_house() as house:
        async with call(house.url) as first:
            started = await first.start()
            await first.connection.close(1001)
            await until(lambda: house.sessions.attended == 0)
        async with call(house.url) as second:
            assert (await _resume(second, started, 1))["type"] == "session.resumed"


async def test_a_server_that_restarts_sends_its_clients_to_itself_and_goes_on(tmp_path: Path) -> None:
    store = {"path": tmp_path / "sessions.db"}
    async with open_house(store=store) as house, call(house.url) as first:
        started = await first.start()
        await first.send({"type": "user.text", "text": "Hello."})
        began = await first.next("response.started")
        house.sessions.drain()
        assert await first.close_code() == 1012
        await until(lambda: len(house.sessions) == 0)
    async with open_house(store=store) as house, call(house.url) as second:
        resumed = await _resume(second, started, began["seq"])
        assert resumed["type"] == "session.resumed"
        done = await second.next("response.done")
        assert (done["status"], done["heard"]) == ("completed", "All right, I am on it.")


async def test_no_token_is_in_the_store(tmp_path: Path) -> None:
    store = {"path": tmp_path / "sessions.db"}
    async with open_house(store=store) as house, call(house.url) as first, call(house.url) as second:
        started = await first.start()
        await first.answered("Hello.")
        resumed = await _resume(second, started, 1)
        await second.answered("Hello again.")
        kept = await asyncio.to_thread(_contents, tmp_path)
    assert started["session"].encode() in kept
    for token in (started["token"], resumed["token"]):
        assert len(token) >= 32
        assert token.encode() not in kept


def _contents(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.iterdir())


async def test_what_is_being_said_is_finished_before_a_restart_and_nothing_is_begun() -> None:
    async with open_house(store={"kind": "memory"}) as house, call(house.url) as caller:
        await caller.start()
        await caller.send({"type": "user.text", "text": "Hello."})
        await caller.next("response.started")
        house.sessions.drain(60_000)
        assert (await caller.next("response.done"))["status"] == "completed"
        assert (await caller.next("session.ended"))["reason"] == "the server restarts"
        assert await caller.close_code() == 1012
