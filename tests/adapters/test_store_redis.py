from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.contracts.redis_process import RedisProcess, redis_process
from voice_server.adapters.store_redis import CONNECTIONS, RedisStore
from voice_server.errors import ConfigurationError
from voice_server.session_store import Batch, StaleOwnerError, StoreError

TOKEN = b"\x01" * 32


@pytest.fixture
def redis() -> Iterator[RedisProcess]:
    with redis_process() as process:
        yield process


@pytest_asyncio.fixture
async def store(redis: RedisProcess) -> AsyncIterator[RedisStore]:
    made = RedisStore(redis.url, 5_000)
    yield made
    await made.aclose()


async def test_a_redis_that_is_away_is_a_store_error_and_when_it_is_back_it_is_used_again(
    redis: RedisProcess, store: RedisStore
) -> None:
    await asyncio.gather(*[store.create(f"s{n}", TOKEN, Batch()) for n in range(2 * CONNECTIONS)])
    await asyncio.to_thread(redis.kill)
    with pytest.raises(StoreError, match="Redis"):
        await store.save("s1", 1, Batch(state=b"x"))
    assert await store.ready() is False
    await asyncio.to_thread(redis.start)
    assert await store.ready() is True
    with pytest.raises(StaleOwnerError):  # it came back empty
        await store.save("s1", 1, Batch(state=b"x"))
    assert await store.create("s1", TOKEN, Batch(state=b"all of it")) == 1
    kept = await store.peek("s1")
    assert kept
    assert kept.state == b"all of it"


async def test_a_redis_that_hangs_is_given_up_and_its_late_answers_are_nobodys(redis: RedisProcess) -> None:
    quick, patient = RedisStore(redis.url, 100), RedisStore(redis.url, 20_000)
    await patient.create("s1", TOKEN, Batch(state=b"one"))
    await patient.create("s2", TOKEN, Batch(state=b"two"))
    redis.pause()
    asking = [quick.peek("s1") for _ in range(2 * CONNECTIONS)]
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StoreError}
    assert await quick.ready() is False
    redis.go_on()
    assert await patient.ready()
    await quick.aclose()
    kept = await patient.peek("s2")
    await patient.aclose()
    assert kept
    assert kept.state == b"two"


async def test_after_a_cancelled_call_the_connection_is_not_mixed_up(
    redis: RedisProcess, store: RedisStore
) -> None:
    await store.create("s1", TOKEN, Batch(state=b"one"))
    redis.pause()
    asking = asyncio.ensure_future(store.peek("s1"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    redis.go_on()
    assert await store.peek("s2") is None


async def test_nobody_there_is_a_store_error() -> None:
    store = RedisStore("redis://127.0.0.1:1/0", 5_000)
    with pytest.raises(StoreError, match="Redis"):
        await store.create("s", TOKEN, Batch())
    assert await store.ready() is False
    await store.aclose()


def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"store\.url"):
        RedisStore("http://127.0.0.1:6379", 1_000)
