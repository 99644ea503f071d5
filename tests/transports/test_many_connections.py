"""Two hundred people come and go, in every way that one can go: nothing of them is left."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Callable, Coroutine
from contextlib import suppress
from urllib.parse import urlsplit

from tests.transports.caller import Caller, call
from tests.transports.house import House, open_house
from tests.transports.listening import until

VISITS = 200
AT_ONCE = 10
GROWTH_LIMIT_BYTES = 200 * 1024
"""Over all visits. Sessions that stayed would each hold a dozen tasks, buffers and a history."""

Visit = Callable[[str], Coroutine[None, None, None]]


async def _says_goodbye(url: str) -> None:
    async with call(url) as caller:
        await caller.start()
        await caller.send({"type": "session.end"})
        assert await caller.close_code() == 1000


async def _closes(url: str) -> None:
    async with call(url) as caller:
        await caller.start()
        await caller.send(bytes(6_400))


async def _vanishes(url: str) -> None:
    async with call(url) as caller:
        await caller.start()
        caller.vanish()


async def _vanishes_during_the_answer(url: str) -> None:
    async with call(url) as caller:
        await caller.start()
        await _hears_an_answer_begin(caller)
        caller.vanish()


async def _closes_during_the_answer(url: str) -> None:
    async with call(url) as caller:
        await caller.start()
        await _hears_an_answer_begin(caller)


async def _says_nothing(url: str) -> None:
    async with call(url):
        pass


async def _shakes_no_hand(url: str) -> None:
    where = urlsplit(url)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(b"GET /v1/voice HTTP/1.1\r\nUpgrade: websoc")
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _is_wrong(url: str) -> None:
    async with call(url) as caller:
        await caller.send("{")
        assert await caller.close_code() == 4400


async def _hears_an_answer_begin(caller: Caller) -> None:
    await caller.send({"type": "user.text", "text": "Hello."})
    await caller.hears()


VISITS_OF_ALL_KINDS: list[Visit] = [
    _says_goodbye,
    _closes,
    _vanishes,
    _vanishes_during_the_answer,
    _closes_during_the_answer,
    _says_nothing,
    _shakes_no_hand,
    _is_wrong,
]


async def _receive(house: House, visits: int) -> None:
    """So many visits, some at a time, and then quiet."""
    for first in range(0, visits, AT_ONCE):
        kinds = [VISITS_OF_ALL_KINDS[n % len(VISITS_OF_ALL_KINDS)] for n in range(first, first + AT_ONCE)]
        async with asyncio.TaskGroup() as tasks:
            for visit in kinds:
                tasks.create_task(visit(house.url))
    await until(lambda: not house.sessions and not house.server.server_state.connections)


async def test_nothing_is_left_of_two_hundred_visits() -> None:
    async with open_house(server={"max_sessions": 2 * AT_ONCE}, session={"resume_window_ms": 0}) as house:
        await _receive(house, 40)  # what is made once is made now
        tasks, threads = asyncio.all_tasks(), threading.enumerate()
        tracemalloc.start()
        try:
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            await _receive(house, VISITS)
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert asyncio.all_tasks() == tasks
        assert threading.enumerate() == threads
        assert house.complaints == []
        assert after - before < GROWTH_LIMIT_BYTES
