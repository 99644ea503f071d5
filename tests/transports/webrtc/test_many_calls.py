"""Callers come and go, in every way that one can go: nothing of them is left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine

import httpx

from tests.transports.house import House, open_house
from tests.transports.listening import until
from tests.transports.webrtc.phone import Phone, phone

ROUNDS = 2


async def _says_goodbye(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.send({"type": "session.end"})
        await caller.next("closing")


async def _is_hung_up(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        await caller.hang_up()
        await caller.next("closing")


async def _leaves_during_the_answer(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.send({"type": "user.text", "text": "Hello."})
        await caller.hears()


async def _says_nothing(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()


async def _never_comes(house: House) -> None:
    async with phone(house.url) as caller:
        await _offer(caller)


async def _offers_nothing(house: House) -> None:
    async with phone(house.url) as caller, httpx.AsyncClient(trust_env=False) as http:
        await http.post(caller.url, content="hello", headers={"Content-Type": "application/sdp"})


async def _offer(caller: Phone) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"Content-Type": "application/sdp"}
        return (await http.post(caller.url, content=await caller.offer(), headers=headers)).status_code


VISITS: list[Callable[[House], Coroutine[None, None, None]]] = [
    _says_goodbye,
    _is_hung_up,
    _leaves_during_the_answer,
    _says_nothing,
    _never_comes,
    _offers_nothing,
]


async def test_no_task_and_no_thread_is_left_of_many_calls() -> None:
    rules = {"start_timeout_ms": 300, "resume_window_ms": 0}
    async with open_house(webrtc={"offers_per_minute": 60_000}, session=rules) as house:
        tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
        for _ in range(ROUNDS):
            for visit in VISITS:
                await visit(house)
        await until(lambda: not house.calls and not house.sessions)
        await until(lambda: asyncio.all_tasks() == tasks)
        left = {thread.name for thread in set(threading.enumerate()) - threads}
        assert {name for name in left if "decoder" in name} == set()
        assert house.complaints == []


async def test_a_server_that_ends_waits_for_no_call_that_has_not_begun() -> None:
    hurry = {"offers_per_minute": 60_000}
    async with open_house(webrtc=hurry) as house, phone(house.url) as silent, phone(house.url) as ghost:
        await silent.dial()
        assert await _offer(ghost) == 201
        house.server.should_exit = True
        await until(lambda: not house.calls)
    assert house.complaints == []
