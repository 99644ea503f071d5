"""Servers die; a session goes on at another one that shares their store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.runtime.comebacks import WINDOW_MS, House, assert_each_once, assert_sounds_from, messages
from tests.runtime.stage import CONFIG, QUESTION
from tests.runtime.staged_models import ANSWER, word_by_word
from voice_server.adapters.store_memory import MemoryStore
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.errors import NoSessionError
from voice_server.ports import Farewell, Resumed
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.inbound import Acked
from voice_server.runtime.sessions import Comeback
from voice_server.session_store import Batch, StoredSession, StoreError


class MoodyStore(MemoryStore):
    """A store that is away when it is told to be."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock.now_ms)
        self.away = False
        self.writes = 0

    async def create(self, session: str, token_hash: bytes, batch: Batch) -> int:
        self._check()
        return await super().create(session, token_hash, batch)

    async def save(self, session: str, epoch: int, batch: Batch) -> None:
        self._check()
        await super().save(session, epoch, batch)

    async def claim(self, session: str, presented: bytes, fresh: bytes) -> StoredSession | None:
        self._check()
        return await super().claim(session, presented, fresh)

    def _check(self) -> None:
        self.writes += 1
        if self.away:
            raise StoreError("it is away")


@asynccontextmanager
async def two_houses() -> AsyncIterator[tuple[House, House, MoodyStore]]:
    """Two open servers with one store."""
    clock = VirtualClock()
    store = MoodyStore(clock)
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
    store = MoodyStore(clock)
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
