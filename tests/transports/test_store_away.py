"""The store fails while people talk: they notice nothing, and when it is back it has everything."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contracts.redis_process import RedisProcess, redis_process
from tests.transports.caller import Message, call
from tests.transports.house import House, open_house
from tests.transports.listening import until

PATIENCE_S = 20.0


@pytest.fixture
def redis() -> Iterator[RedisProcess]:
    with redis_process() as process:
        yield process


def kept_in(redis: RedisProcess) -> dict[str, Any]:
    """Settings of a server."""
    return {"kind": "redis", "url": redis.url, "timeout_ms": 500}


def served(store: dict[str, Any]) -> AbstractAsyncContextManager[House]:
    """A server with this store. Its clients are busy with other things than answering pings."""
    return open_house(store=store, session={"heartbeat_ms": 120_000})


async def store_is(house: House, state: str) -> None:
    """Wait until the server says so, and its metric too."""
    base = house.url.replace("ws://", "http://").removesuffix("/v1/voice")
    metric = f"\nvoice_store_away {float(state == 'away')}\n"
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client, asyncio.timeout(PATIENCE_S):
        while (await client.get("/readyz")).json()["store"] != state:
            pass
        while metric not in (await client.get("/metrics")).text:
            pass


async def goes_on_elsewhere(settings: dict[str, Any], started: Message, last_seq: int) -> str:
    """Resume the session on another server, as if the first were gone. Returns all that its user said."""
    claim = {"type": "session.resume", "session": started["session"], "token": started["token"]}
    async with served(settings) as other, call(other.url) as caller:
        await caller.send({**claim, "last_seq": last_seq})
        await caller.next("session.resumed")
        await caller.answered("Third.")
        said = await other.sessions.find(started["session"])
        assert said
        return " ".join(message.content for message in said if message.role == "user")


async def test_redis_is_killed_and_comes_back_empty(redis: RedisProcess) -> None:
    settings = kept_in(redis)
    async with served(settings) as house, call(house.url) as caller:
        started = await caller.start()
        await caller.answered("First.")
        await asyncio.to_thread(redis.kill)
        last = await caller.answered("Second.")
        await store_is(house, "away")
        await asyncio.to_thread(redis.start)
        await store_is(house, "ready")
        await written(house)
        assert await goes_on_elsewhere(settings, started, last["seq"]) == "First. Second. Third."


async def test_redis_comes_back_empty_and_nobody_has_noticed(redis: RedisProcess) -> None:
    settings = kept_in(redis)
    async with served(settings) as house, call(house.url) as caller:
        started = await caller.start()
        await caller.answered("First.")
        await asyncio.to_thread(redis.empty)
        last = await caller.answered("Second.")
        assert not house.sessions.store_away
        assert await goes_on_elsewhere(settings, started, last["seq"]) == "First. Second. Third."


async def test_redis_hangs_and_goes_on(redis: RedisProcess) -> None:
    settings = kept_in(redis)
    async with served(settings) as house, call(house.url) as caller:
        started = await caller.start()
        await caller.answered("First.")
        redis.pause()
        last = await caller.answered("Second.")
        await store_is(house, "away")
        redis.go_on()
        await store_is(house, "ready")
        await written(house)
        assert await goes_on_elsewhere(settings, started, last["seq"]) == "First. Second. Third."


async def test_a_client_comes_back_while_redis_is_away(redis: RedisProcess) -> None:
    async with served(kept_in(redis)) as house, call(house.url) as first, call(house.url) as second:
        started = await first.start()
        last = await first.answered("First.")
        await asyncio.to_thread(redis.kill)
        first.vanish()
        claim = {"type": "session.resume", "session": started["session"], "token": started["token"]}
        await second.send({**claim, "last_seq": last["seq"]})
        token = (await second.next("session.resumed"))["token"]
        last = await second.answered("Second.")
        await asyncio.to_thread(redis.start)
        await written(house)
        said = await goes_on_elsewhere(kept_in(redis), {**started, "token": token}, last["seq"])
        assert said == "First. Second. Third."


async def test_the_file_is_full_and_then_there_is_room(tmp_path: Path) -> None:
    file = tmp_path / "sessions.db"
    settings = {"kind": "sqlite", "path": file, "max_mb": 1}
    async with served(settings) as house, call(house.url) as caller:
        started = await caller.start()
        await caller.answered("First.")
        await asyncio.to_thread(_fill, file)
        last = await caller.answered("Second. " + "And so on. " * 500)
        await until(lambda: house.sessions.store_away)
        await asyncio.to_thread(_empty, file)
        await written(house)
        said = await goes_on_elsewhere(settings, started, last["seq"])
        assert said.startswith("First. Second. And so on.")
        assert said.endswith("Third.")


async def written(house: House) -> None:
    """Wait until every session is in the store as it is."""
    await until(lambda: not house.sessions.store_away)


def _fill(file: Path) -> None:
    """What else is in the file leaves no room."""
    with sqlite3.connect(file, timeout=PATIENCE_S) as database:
        page_bytes = database.execute("PRAGMA page_size").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {1_000_000 // page_bytes}")
        database.execute("CREATE TABLE filler (data BLOB)")
        with suppress(sqlite3.OperationalError):  # full
            while True:
                database.execute("INSERT INTO filler VALUES (zeroblob(4000))")
                database.commit()
    database.close()


def _empty(file: Path) -> None:
    with sqlite3.connect(file, timeout=PATIENCE_S) as database:
        database.execute("DROP TABLE filler")
    database.close()
