"""A call is answered once, whatever becomes of the connection or the server in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.runtime.comebacks import Client, House
from tests.runtime.stage import CONFIG, QUESTION
from voice_server.adapters.scripted_speaking import in_turn
from voice_server.adapters.store_memory import MemoryStore
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.runtime.clock import VirtualClock

LOOK = ToolSpec("look", "Looks out of the window.", '{"type":"object"}')
SUNNY = "The sun shines."


async def calling(house: House) -> Client:
    """A session that awaits the result of a call."""
    house.stage.replies = in_turn([ToolCall("", "look", "{}")], SUNNY)
    client = await house.start()
    await client.tell(events.Configured(replace(CONFIG, tools=(LOOK,))))
    await client.tell(events.UserTyped(QUESTION))
    await client.rest(300)
    assert [called.call for called in client.of(facts.ToolCalled)] == ["call_1"]
    return client


async def check(house: House, client: Client) -> None:
    """The result is taken, once, and spoken about."""
    await client.tell(events.ToolAnswered("call_1", "sunny", None))
    await client.rest(4_000)
    assert client.of(facts.ResponseEnded)[-1].heard == SUNNY
    assert house.stage.prompts[-1][-1] == Message("tool", "sunny", call="call_1")
    await client.tell(events.ToolAnswered("call_1", "sunny", None))
    await client.rest(100)
    (trouble,) = client.of(facts.Trouble)
    assert (trouble.code, trouble.field) == ("bad_field", "call")
    assert "has been answered already" in trouble.message


async def test_a_client_that_was_away_answers_the_call_of_before() -> None:
    house = House()
    async with house.open():
        first = await calling(house)
        await first.drop()
        await house.clock.advance(30_000)
        second = await house.back(first)
        assert second.of(facts.ToolCalled) == []
        await check(house, second)


async def test_a_call_that_did_not_arrive_is_told_again() -> None:
    house = House()
    async with house.open():
        house.stage.replies = in_turn([ToolCall("", "look", "{}")], SUNNY)
        first = await house.start()
        await first.tell(events.Configured(replace(CONFIG, tools=(LOOK,))))
        await first.speak(800)
        await first.drop()
        await house.clock.advance(10_000)
        assert first.of(facts.ToolCalled) == []
        second = await house.back(first)
        assert [called.call for called in second.of(facts.ToolCalled)] == ["call_1"]
        await check(house, second)


@pytest.mark.parametrize("answered_before", [False, True])
async def test_another_server_knows_which_calls_are_open(answered_before: bool) -> None:
    clock = VirtualClock()
    store = MemoryStore(clock.now_ms)
    here, there = House(clock, store=store), House(clock, store=store)
    there.stage.replies = in_turn(SUNNY)
    async with here.open(), there.open():
        first = await calling(here)
        if answered_before:
            await first.tell(events.ToolAnswered("call_1", "sunny", None))
            await first.rest(4_000)
        here.die()
        second = await there.back(first)
        if answered_before:
            await second.tell(events.ToolAnswered("call_1", "sunny", None))
            await second.rest(100)
            assert [trouble.field for trouble in second.of(facts.Trouble)] == ["call"]
        else:
            await check(there, second)
