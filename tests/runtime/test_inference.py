"""The shared model threads: earliest deadline first, bounded, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from voice_server.errors import ModelError, OverloadedError
from voice_server.runtime.inference import ThreadWorkers


@pytest.fixture
def one_thread() -> Iterator[ThreadWorkers]:
    workers = ThreadWorkers(1, queue_limit=3)
    yield workers
    workers.close()


async def _occupy(workers: ThreadWorkers) -> tuple[threading.Event, asyncio.Task[bool]]:
    """Keep the thread busy until the event is set."""
    begun, go = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go.wait(10)

    task = asyncio.create_task(workers.run(work, deadline_ms=0, model="test"))
    await asyncio.to_thread(begun.wait, 10)
    return go, task


async def test_the_result_comes_back(one_thread: ThreadWorkers) -> None:
    assert await one_thread.run(lambda: 6 * 7, deadline_ms=0, model="test") == 42


async def test_work_runs_in_another_thread(one_thread: ThreadWorkers) -> None:
    assert await one_thread.run(threading.get_ident, deadline_ms=0, model="test") != threading.get_ident()


async def test_what_the_work_raises_reaches_the_caller(one_thread: ThreadWorkers) -> None:
    def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await one_thread.run(fail, deadline_ms=0, model="test")
    assert await one_thread.run(lambda: "alive", deadline_ms=0, model="test") == "alive"


async def test_the_earliest_deadline_goes_first(one_thread: ThreadWorkers) -> None:
    go, busy = await _occupy(one_thread)
    order: list[int] = []
    jobs = [
        asyncio.create_task(one_thread.run(partial(order.append, d), deadline_ms=d, model="test"))
        for d in (300, 100, 200)
    ]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(busy, *jobs)
    assert order == [100, 200, 300]


async def test_nothing_begins_beside_work_that_needs_every_core() -> None:
    workers = ThreadWorkers(2)
    begun, go = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go.wait(10)

    try:
        wide = asyncio.create_task(workers.run(work, deadline_ms=0, model="test", alone=True))
        await asyncio.to_thread(begun.wait, 10)
        beside = asyncio.create_task(workers.run(lambda: go.is_set(), deadline_ms=0, model="test"))
        await asyncio.sleep(0)
        assert workers.waiting == 1
        go.set()
        assert await wide
        assert await beside, "it began after the other had ended"
    finally:
        go.set()
        workers.close()


async def test_the_cores_are_crowded_until_that_work_is_over() -> None:
    workers = ThreadWorkers(1)
    go, busy = await _occupy(workers)
    try:
        assert not workers.crowded
        await workers.calm()
        wide = [
            asyncio.create_task(workers.run(lambda: None, deadline_ms=1, model="test", alone=True))
            for _ in range(2)
        ]
        await asyncio.sleep(0)
        calm = asyncio.create_task(workers.calm())
        await asyncio.sleep(0)
        assert workers.crowded
        assert not calm.done()
        wide.pop().cancel()
        go.set()
        await asyncio.gather(busy, *wide)
        await calm
        assert not workers.crowded
    finally:
        go.set()
        workers.close()


async def test_while_the_cores_are_claimed_only_what_is_needed_sooner_begins(
    one_thread: ThreadWorkers,
) -> None:
    one_thread.claim("an answer", 100)
    later = asyncio.create_task(one_thread.run(lambda: "later", deadline_ms=101, model="test"))
    await asyncio.sleep(0)
    assert one_thread.busy
    assert await one_thread.run(lambda: "sooner", deadline_ms=100, model="test") == "sooner"
    assert one_thread.waiting == 1
    one_thread.release("an answer")
    assert await later == "later"
    assert not one_thread.busy


async def test_calm_comes_when_the_last_claim_is_released_in_whatever_thread(
    one_thread: ThreadWorkers,
) -> None:
    await one_thread.calm(unclaimed=True)
    one_thread.claim("an answer", 100)
    one_thread.claim("another", 90)
    await one_thread.calm()
    calm = asyncio.create_task(one_thread.calm(unclaimed=True))
    await asyncio.to_thread(one_thread.release, "an answer")
    await asyncio.sleep(0)
    assert not calm.done()
    await asyncio.to_thread(one_thread.release, "another")
    await calm


async def test_a_full_queue_refuses(one_thread: ThreadWorkers) -> None:
    go, busy = await _occupy(one_thread)
    jobs = [asyncio.create_task(one_thread.run(lambda: 1, deadline_ms=0, model="test")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError, match="3 pieces of work are waiting"):
        await one_thread.run(lambda: 1, deadline_ms=0, model="test")
    go.set()
    assert await asyncio.gather(*jobs) == [1, 1, 1]
    assert await busy


async def test_cancelled_work_never_begins(one_thread: ThreadWorkers) -> None:
    go, busy = await _occupy(one_thread)
    begun: list[str] = []
    job = asyncio.create_task(one_thread.run(lambda: begun.append("yes"), deadline_ms=0, model="test"))
    await asyncio.sleep(0)
    assert one_thread.waiting == 1
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert one_thread.waiting == 0
    go.set()
    await busy
    assert begun == []


async def test_closing_ends_the_threads() -> None:
    others = set(threading.enumerate())
    workers = ThreadWorkers(2)
    await workers.run(lambda: None, deadline_ms=0, model="test")
    assert set(threading.enumerate()) - others
    workers.close()
    assert not set(threading.enumerate()) - others
    with pytest.raises(ModelError, match="test: the threads for the models were shut down"):
        await workers.run(lambda: None, deadline_ms=0, model="test")


async def test_closing_tells_those_who_wait_and_lets_finish_what_runs() -> None:
    workers = ThreadWorkers(1)
    go, busy = await _occupy(workers)
    waiting = asyncio.create_task(workers.run(lambda: 1, deadline_ms=0, model="test", alone=True))
    calm = asyncio.create_task(workers.calm())
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(workers.close))
    async with asyncio.timeout(10):
        with pytest.raises(ModelError, match="test: the threads for the models were shut down"):
            await waiting
        await calm
        go.set()
        assert await busy
        await closing
