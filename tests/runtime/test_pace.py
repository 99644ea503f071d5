"""Sound may come faster than it sounds, and a client that keeps its time is never refused; a flood is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from tests.runtime.comebacks import LASTING, House
from tests.runtime.stage import QUESTION
from voice_server.audio.rates import INPUT_HZ, frame_bytes
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.ports import Farewell, Refused
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.inbound import Acked, Alive, Heard, Inbound
from voice_server.runtime.options import RuntimeOptions
from voice_server.runtime.pace import paced

LIMIT_MS = RuntimeOptions().ahead_limit_ms
FRAME = Heard(bytes(frame_bytes(INPUT_HZ)))
AN_HOUR_S = 3_600


async def until_refused(clock: VirtualClock, sends: AsyncIterator[Inbound]) -> tuple[int, Refused | None]:
    """How many items came through, and the refusal that was the last, if there was one."""
    taken = 0
    async with aclosing(paced(sends, clock, LIMIT_MS, INPUT_HZ)) as inbound:
        async for item in inbound:
            if isinstance(item, Refused):
                return taken, item
            taken += 1
    return taken, None


async def at_once(item: Inbound, count: int) -> AsyncIterator[Inbound]:
    for _ in range(count):
        yield item


async def test_a_recording_of_half_an_hour_may_come_at_once_and_not_a_frame_more() -> None:
    frames = LIMIT_MS // 20
    assert await until_refused(VirtualClock(), at_once(FRAME, frames)) == (frames, None)
    taken, refused = await until_refused(VirtualClock(), at_once(FRAME, frames + 1))
    assert taken == frames
    assert refused
    assert (refused.code, refused.farewell) == ("too_much", Farewell.TOO_LARGE)


async def test_who_speaks_for_an_hour_with_a_fast_clock_and_reports_all_the_time_is_not_refused() -> None:
    clock = VirtualClock()

    async def speak() -> AsyncIterator[Inbound]:
        for _ in range(AN_HOUR_S):
            yield Heard(bytes(51 * frame_bytes(INPUT_HZ)))
            for seq in range(8):
                yield Acked(seq)
            yield Alive()
            await clock.advance(1_000)

    assert (await until_refused(clock, speak()))[1] is None


async def test_who_was_refused_nothing_for_a_while_may_hurry_again() -> None:
    clock = VirtualClock()

    async def hurry_twice() -> AsyncIterator[Inbound]:
        async for frame in at_once(FRAME, LIMIT_MS // 20):
            yield frame
        await clock.advance(LIMIT_MS)
        async for frame in at_once(FRAME, LIMIT_MS // 20):
            yield frame

    assert (await until_refused(clock, hurry_twice()))[1] is None


@pytest.mark.parametrize("item", [Acked(1), Heard(bytes(2)), events.Interrupted()])
async def test_also_many_small_things_are_a_flood(item: Inbound) -> None:
    assert (await until_refused(VirtualClock(), at_once(item, LIMIT_MS)))[1]


async def test_a_flood_ends_its_session_and_no_other() -> None:
    house = House(options=replace(LASTING, ahead_limit_ms=1_000))
    async with house.open():
        other, client = await house.start(), await house.start()
        for _ in range(50):
            await client.tell(FRAME)
        assert client.of(Refused) == []
        await client.tell(FRAME)
        assert [refused.code for refused in client.of(Refused)] == ["too_much"]
        assert client.of(facts.SessionEnded) == [facts.SessionEnded("protocol")]
        assert client.link.farewell is Farewell.TOO_LARGE
        assert len(house.sessions) == 1
        await other.tell(events.UserTyped(QUESTION))
        await other.hears()
