"""All clocks wake the same way; the virtual one only when it is told to."""

from __future__ import annotations

import asyncio

import pytest

from voice_server.ports import Clock
from voice_server.runtime.clock import SystemClock, VirtualClock
from voice_server.runtime.session_clock import SessionClock

CLOCKS = (SystemClock(), VirtualClock(), SessionClock(VirtualClock(9_000), start_ms=8_000))


@pytest.mark.parametrize("clock", CLOCKS)
async def test_a_past_time_wakes_at_once(clock: Clock) -> None:
    woken = asyncio.Event()
    await clock.wait(woken, clock.now_ms())
    assert woken.is_set()


@pytest.mark.parametrize("clock", CLOCKS)
async def test_an_event_wakes_before_the_time(clock: Clock) -> None:
    woken = asyncio.Event()
    woken.set()
    began_ms = clock.now_ms()
    await clock.wait(woken, began_ms + 3_600_000)
    assert clock.now_ms() - began_ms < 3_600_000


async def test_the_system_clock_wakes_at_the_time() -> None:
    clock = SystemClock()
    until_ms = clock.now_ms() + 5
    await clock.wait(asyncio.Event(), until_ms)
    assert clock.now_ms() >= until_ms


async def test_virtual_sleepers_wake_in_order_and_at_their_time() -> None:
    clock, woken = VirtualClock(), list[tuple[str, int]]()

    async def sleep(name: str, until_ms: int) -> None:
        await clock.wait(asyncio.Event(), until_ms)
        woken.append((name, clock.now_ms()))

    async with asyncio.TaskGroup() as tasks:
        for name, until_ms in (("late", 500), ("early", 100), ("never mind", 499)):
            tasks.create_task(sleep(name, until_ms))
        await clock.advance(499)
        assert woken == [("early", 100), ("never mind", 499)]
        await clock.advance(1)
    assert woken[-1] == ("late", 500)


async def test_the_clock_of_a_session_shows_the_time_since_its_beginning() -> None:
    shared = VirtualClock(9_000)
    clock, woken = SessionClock(shared, start_ms=8_000), asyncio.Event()
    assert clock.now_ms() == 1_000
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(clock.wait(woken, 1_500))
        await shared.advance(499)
        assert not woken.is_set()
        await shared.advance(1)
    assert (woken.is_set(), clock.now_ms()) == (True, 1_500)
