"""Servers die; a session goes on at another one that shares their store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.runtime.comebacks import WINDOW_MS, Client, House, assert_each_once, assert_sounds_from, messages
from tests.runtime.stage import CONFIG, QUESTION
from tests.runtime.staged_models import ANSWER, word_by_word
from tests.runtime.staged_store import StagedStore
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.errors import BusyError, NoSessionError
from voice_server.ports import Farewell, Resumed
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.inbound import Acked
from voice_server.runtime.keeping import AWAY_AFTER_MS
from voice_server.runtime.sessions import Comeback


@asynccontextmanager
async def two_houses() -> AsyncIterator[tuple[House, House, StagedStore]]:
    """Two open servers with one store."""
    clock = VirtualClock()
    store = StagedStore(clock)
    here, there = House(clock, store=store), House(clock, store=store)
    async with here.open(), there.open():
        yield here, there, store


async def test_another_server_goes_on_at_the_sample_that_was_last_heard() -> None:
    async with two_houses() as (here, there, _):
        first = await here.answering()
        await first.rest(700)
        await first.tell(events.PlaybackReported(1, 600))
        await first.rest(100)
        here.die()
        second = await there.back(first)
        await second.rest(6_000)
        (resumed,) = second.of(Resumed)
        assert (resumed.response, resumed.position) == (1, 9_600)
        assert_sounds_from(9_600, second)
        done = second.of(facts.ResponseEnded)[0]
        assert (done.status, done.heard) == ("completed", ANSWER)
        assert_each_once(first, second)


async def test_two_who_come_at_once_do_not_share_the_last_place() -> None:
    async with two_houses() as (here, _, store):
        clients = [await here.answering() for _ in range(2)]
        here.die()
        there = House(here.clock, max_sessions=1, store=store)
        async with there.open():
            store.takes_ms = 100
            first = asyncio.create_task(there.back(clients[0]))
            await here.clock.advance(50)
            with pytest.raises(BusyError, match="all 1 sessions are taken"):
                await there.back(clients[1])
            assert not there.sessions.admitting
            await here.clock.advance(50)
            assert (await first).of(Resumed)
            await (await first).drop()
            assert there.sessions.admitting


async def test_a_server_that_restarts_takes_up_nobody_who_was_on_the_way() -> None:
    async with two_houses() as (here, there, store):
        client = await here.answering()
        here.die()
        store.takes_ms = 100
        returning = asyncio.create_task(there.back(client))
        await here.clock.advance(50)
        there.sessions.drain()
        await here.clock.advance(50)
        with pytest.raises(BusyError, match="the server is restarting"):
            await returning
        assert len(there.sessions) == 0
        third = House(here.clock, store=store)
        async with third.open():
            back = asyncio.create_task(third.back(client))
            await here.clock.advance(100)
            assert (await back).of(Resumed)


async def test_the_conversation_and_the_settings_are_there_on_the_other_server() -> None:
    async with two_houses() as (here, there, _):
        first = await here.answering()
        await first.rest(6_000)
        await first.tell(events.Configured(replace(CONFIG, instructions="Be brief.")))
        await first.rest(200)
        here.die()
        second = await there.back(first)
        await second.tell(events.UserTyped("And tomorrow?"))
        await second.rest(200)
        prompt = there.stage.prompts[-1]
    assert [message.content for message in prompt] == ["Be brief.", QUESTION, ANSWER, "And tomorrow?"]


@pytest.mark.parametrize("again", [ANSWER, "Something else. And more."])
async def test_a_text_that_was_cut_goes_on_if_the_model_says_the_same_again_or_ends(again: str) -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        await first.tell(events.UserTyped(QUESTION))
        await first.rest(120)
        here.die()
        there.stage.replies = word_by_word(there.clock, again)
        second = await there.back(first)
        await second.rest(6_000)
        done = second.of(facts.ResponseEnded)[0]
    assert done.status == "completed"
    assert (done.text == ANSWER) == (again == ANSWER)
    assert ANSWER.startswith(done.text)
    assert done.heard == done.text != ""


async def test_a_sentence_that_was_cut_is_a_turn_with_the_words_that_were_known() -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        await first.speak(1_200)
        here.die()
        second = await there.back(first)
        await second.rest(6_000)
        (committed,) = second.of(facts.TranscriptCommitted)
        assert committed.text
        assert QUESTION.startswith(committed.text)
        assert second.of(facts.ResponseEnded)[0].heard == ANSWER


async def test_nobody_hears_of_a_turn_that_is_not_written() -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        await first.speak(800)
        for _ in range(200):
            if first.of(facts.TranscriptCommitted):
                break
            await first.rest(20)
        here.die()  # at the very moment
        second = await there.back(first)
        await second.rest(6_000)
        assert second.of(facts.TranscriptCommitted) == []
        assert ANSWER.startswith(second.of(facts.ResponseEnded)[0].heard)
        assert (await there.conversation(second))[0].content == QUESTION


async def test_while_the_store_is_away_the_server_goes_on_and_catches_up() -> None:
    async with two_houses() as (here, there, store):
        first = await here.start()
        store.away = True
        await first.tell(events.UserTyped(QUESTION))
        await first.hears()
        await first.rest(6_000)
        assert first.of(facts.ResponseEnded)[0].heard == ANSWER
        assert here.sessions.store_away
        await first.drop()
        second = await here.back(first)  # from memory
        store.away = False
        await second.rest(2_000)
        assert not here.sessions.store_away
        here.die()
        third = await there.back(second)
        await third.tell(events.UserTyped("And tomorrow?"))
        await third.rest(100)
        assert there.stage.prompts[-1][1].content == QUESTION


async def test_a_server_that_was_thought_dead_lets_go_when_it_writes() -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        second = await there.back(first)
        await first.tell(events.UserTyped(QUESTION))
        await first.rest(200)
        assert first.link.farewell is Farewell.TAKEN_OVER
        assert len(here.sessions) == 0
        await second.tell(Acked(second.last_seq))
        await second.rest(200)
        with pytest.raises(NoSessionError):
            await here.back(first)
        await here.back(second)  # the newest token is good everywhere


async def test_a_session_that_ended_is_forgotten_everywhere() -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        await first.rest(200)
        await first.tell(events.SessionEnding("client"))
        with pytest.raises(NoSessionError):
            await there.back(first)


async def test_a_quiet_session_stays_in_the_store_as_long_as_its_client() -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        for _ in range(2 * WINDOW_MS // 5_000):
            await here.clock.advance(5_000)
            await first.tell(Acked(1))
        here.die()
        again = await there.back(first)
        await again.rest(100)
        assert again.credentials[0] == first.credentials[0]


async def test_many_returns_to_many_servers_lose_nothing() -> None:
    clock = VirtualClock()
    store = StagedStore(clock)
    houses = [House(clock, store=store) for _ in range(4)]
    async with houses[0].open(), houses[1].open(), houses[2].open(), houses[3].open():
        clients = [await houses[0].answering()]
        for former, house in pairwise(houses):
            await clients[-1].rest(420)
            former.die()
            clients.append(await house.back(clients[-1]))
        await clients[-1].rest(6_000)
        assert_each_once(*clients)
        assert clients[-1].of(facts.ResponseEnded)[0].heard == ANSWER


async def test_a_client_that_saw_more_than_was_written_is_given_no_number_twice() -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        await first.rest(200)
        here.die()
        session, token = first.credentials
        second = await there.resume(Comeback(session, token, 57))
        await second.tell(events.UserTyped(QUESTION))
        await second.rest(200)
        assert messages(second)[0][0] == 58


# ── a store that is slow, or loses what it held ──


def told_at_ms(client: Client) -> int:
    """When it was told of an answer."""
    return next(told.at_ms for told in client.told if isinstance(told.item, facts.ResponseBegan))


async def test_a_commitment_is_told_when_a_slow_store_has_it_and_not_before() -> None:
    async with two_houses() as (here, _, store):
        first = await here.start()
        store.takes_ms = 300
        asked_ms = here.clock.now_ms()
        await first.tell(events.UserTyped(QUESTION))
        await first.rest(280)
        assert (first.of(facts.ResponseBegan), first.frames) == ([], [])
        await first.rest(400)
        assert first.of(facts.ResponseBegan)
        assert asked_ms + 300 <= told_at_ms(first) <= asked_ms + 600, "one write may have been under way"
        assert not here.sessions.store_away


@pytest.mark.parametrize("alive_ms", [0, 20, 40, 100, 200, 280, 300, 320, 500, 600, 700])
async def test_no_turn_that_was_told_is_lost_when_a_server_dies_beside_a_slow_store(alive_ms: int) -> None:
    async with two_houses() as (here, there, store):
        first = await here.start()
        await first.rest(100)
        store.takes_ms = 300
        await first.tell(events.UserTyped(QUESTION))
        await first.rest(alive_ms)
        here.die()
        store.takes_ms = 0
        told = bool(first.of(facts.ResponseBegan))
        second = await there.back(first)
        await second.rest(8_000)
        assert_each_once(first, second)
        said = [message.content for message in await there.conversation(second)]
        assert (QUESTION in said) >= told, "what was told is there"
        assert said == ([QUESTION, ANSWER] if QUESTION in said else [])


async def test_what_the_client_wishes_is_written_at_once() -> None:
    async with two_houses() as (here, there, _):
        first = await here.start()
        await first.rest(100)
        await first.tell(events.ContextAdded("It rains.", "never"))
        here.die()  # at the very moment
        second = await there.back(first)
        assert "It rains." in [message.content for message in await there.conversation(second)]


async def test_a_store_that_hangs_is_waited_for_once_and_then_counts_as_away_until_it_has_written() -> None:
    async with two_houses() as (here, _, store):
        first = await here.start()
        await first.rest(100)
        store.takes_ms = 4_000
        asked_ms = here.clock.now_ms()
        await first.tell(events.UserTyped(QUESTION))
        await first.rest(AWAY_AFTER_MS - 20)
        assert not first.of(facts.ResponseBegan)
        assert await here.sessions.store_ready()
        await first.rest(100)
        assert told_at_ms(first) == asked_ms + AWAY_AFTER_MS
        assert here.sessions.store_away
        assert not await here.sessions.store_ready()
        await first.tell(events.UserTyped("And tomorrow?"))
        await first.rest(60)
        assert len(first.of(facts.ResponseBegan)) == 2, "nobody waits any more"
        store.takes_ms = 0
        await first.rest(6_000)
        assert await here.sessions.store_ready()


async def test_a_store_that_was_restarted_empty_between_two_writes_is_given_all_again() -> None:
    async with two_houses() as (here, there, store):
        first = await here.answering()
        await store.lose_all()
        await first.rest(6_000)
        assert first.link.farewell is None
        assert first.of(facts.ResponseEnded)[0].heard == ANSWER
        here.die()
        second = await there.back(first)
        await second.rest(200)
        assert [message.content for message in await there.conversation(second)] == [QUESTION, ANSWER]
        assert_each_once(first, second)


async def test_a_client_comes_back_to_its_server_before_that_knows_what_the_store_has_lost() -> None:
    async with two_houses() as (here, there, store):
        first = await here.answering()
        await first.rest(6_000)
        await first.drop()
        await store.lose_all()
        second = await here.back(first)
        await second.rest(200)
        here.die()
        third = await there.back(second)
        await third.rest(200)
        assert [message.content for message in await there.conversation(third)] == [QUESTION, ANSWER]


async def test_who_had_the_session_before_the_store_was_emptied_does_not_write_over_it() -> None:
    async with two_houses() as (here, there, store):
        first = await here.start()
        second = await there.back(first)  # the first server does not know yet
        await store.lose_all()
        await second.tell(events.UserTyped(QUESTION))
        await second.rest(200)
        await first.tell(events.UserTyped("Are you there?"))
        await first.rest(200)
        assert first.link.farewell is Farewell.TAKEN_OVER
        assert second.link.farewell is None
        assert (await there.conversation(second))[0].content == QUESTION


async def test_a_session_that_was_deleted_elsewhere_ends_and_is_not_written_anew() -> None:
    async with two_houses() as (here, there, store):
        first = await here.answering()
        session, _ = first.credentials
        assert await there.sessions.delete(session)
        await first.rest(200)
        assert first.link.farewell is Farewell.TAKEN_OVER
        assert await store.peek(session) is None
