"""Answers that are only written: they wait for whoever does not read them, and for whoever is away."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.runtime.comebacks import LASTING, Client, House, assert_each_once
from tests.runtime.stage import CONFIG, QUESTION
from tests.runtime.staged_models import ANSWER, word_by_word
from voice_server.adapters.scripted_speaking import Replies, in_turn
from voice_server.adapters.store_memory import MemoryStore
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.policy import Policy
from voice_server.ports import Farewell, Refused
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.outbox import FACT_LIMIT, TEXT_LIMIT

LONG = " ".join(f"word{number}" for number in range(1_200))
STALL_MS = 500
IMPATIENT = replace(LASTING, policy=Policy(generation_stall_ms=STALL_MS))


async def asked(house: House, *, token_ms: int = 1, replies: Replies | None = None) -> Client:
    """Somebody who reads, and has asked for a long text."""
    client = await house.start()
    await client.tell(events.Configured(replace(CONFIG, speech=False)))
    house.stage.replies = replies or word_by_word(house.clock, LONG, token_ms=token_ms)
    await client.tell(events.UserTyped(QUESTION))
    return client


def generated(house: House) -> int:
    """So many pieces of text the model has been asked for."""
    told = [record["event"] or {} for record in house.stage.tracer.records[1:]]
    return sum(event.get("type") == "TextGenerated" for event in told)


def assert_all_was_told(*clients: Client) -> None:
    """Each message once, and the whole text."""
    assert_each_once(*clients)
    (done,) = clients[-1].of(facts.ResponseEnded)
    assert (done.status, done.text) == ("completed", LONG)
    deltas = [added.delta for client in clients for added in client.of(facts.TextAdded)]
    assert "".join(deltas).strip() == LONG


async def test_the_model_waits_for_a_client_that_reads_nothing_and_has_not_stalled() -> None:
    house = House(options=IMPATIENT)
    async with house.open():
        client = await asked(house)
        client.link.stop_reading()
        await client.rest(3 * STALL_MS)
        assert generated(house) <= TEXT_LIMIT + 2, "one that was being sent, and one more"
        client.link.read_on()
        await client.rest(15_000)
        assert client.link.farewell is None
        assert_all_was_told(client)


async def test_a_model_that_stalls_is_noticed_after_its_client_was_waited_for() -> None:
    house = House(options=IMPATIENT)
    async with house.open():
        client = await asked(house, replies=in_turn([*LONG.split()[: 2 * TEXT_LIMIT], asyncio.Event()]))
        client.link.stop_reading()
        await client.rest(3 * STALL_MS)
        client.link.read_on()
        await client.rest(STALL_MS // 2)
        assert client.of(facts.Trouble) == []
        await client.rest(STALL_MS)
        assert [trouble.message for trouble in client.of(facts.Trouble)] == ["the language model has stalled"]


async def test_who_reads_nothing_is_closed_at_the_stated_time_and_may_come_back_for_all_of_it() -> None:
    house = House()
    async with house.open():
        first = await asked(house)
        first.link.stop_reading()
        await first.rest(LASTING.stall_limit_ms - 100)
        assert not first.over.is_set()
        await first.rest(200)
        assert first.link.farewell is Farewell.UNRESPONSIVE
        second = await house.back(first)
        await second.rest(15_000)
        assert_all_was_told(first, second)


@pytest.mark.parametrize("after_ms", [0, 400])
async def test_an_answer_that_was_cut_goes_on_when_its_client_is_back(after_ms: int) -> None:
    house = House(options=IMPATIENT)
    async with house.open():
        first = await asked(house, token_ms=5)
        await first.rest(after_ms)
        await first.drop()
        await house.clock.advance(60_000)
        second = await house.back(first)
        await second.rest(15_000)
        assert_all_was_told(first, second)


async def test_also_one_that_is_spoken_and_had_no_words_yet() -> None:
    house = House(options=IMPATIENT)
    async with house.open():
        first = await house.start()
        await first.tell(events.UserTyped(QUESTION))
        await first.drop()
        await house.clock.advance(60_000)
        second = await house.back(first)
        await second.rest(6_000)
        assert_each_once(first, second)
        assert [done.heard for done in second.of(facts.ResponseEnded)] == [ANSWER]


async def test_a_client_that_wrote_more_than_it_read_may_come_back_for_all_that_it_was_answered() -> None:
    house = House()
    async with house.open():
        first = await house.start()
        first.link.stop_reading()
        many = [Refused("bad_field", f"number {number}") for number in range(FACT_LIMIT + 10)]
        await first.tell(*many)
        assert first.link.farewell is Farewell.UNRESPONSIVE
        second = await house.back(first)
        await second.rest(1_000)
        assert second.link.farewell is None
        assert second.of(Refused) == many[: len(second.of(Refused))]
        assert len(second.of(Refused)) >= FACT_LIMIT
        assert_each_once(first, second)


async def test_what_waited_for_its_reader_goes_on_at_another_server() -> None:
    clock = VirtualClock()
    store = MemoryStore(clock.now_ms)
    here, there = House(clock, IMPATIENT, store=store), House(clock, IMPATIENT, store=store)
    async with here.open(), there.open():
        first = await asked(here)
        first.link.stop_reading()
        await first.rest(3 * STALL_MS)
        here.die()
        there.stage.replies = word_by_word(clock, LONG, token_ms=1)
        second = await there.back(first)
        await second.rest(15_000)
        assert_each_once(first, second)
        assert [(done.status, done.text) for done in second.of(facts.ResponseEnded)] == [("completed", LONG)]
