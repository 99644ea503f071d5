"""Connections are lost and come back; the session, its messages and its answer go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.runtime.comebacks import (
    FRAME_SAMPLES,
    LASTING,
    WINDOW_MS,
    Client,
    House,
    assert_each_once,
    assert_sounds_from,
    messages,
)
from tests.runtime.stage import CONFIG, OPTIONS, QUESTION
from tests.runtime.staged_models import ANSWER
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.errors import BusyError, NoSessionError
from voice_server.ports import Farewell, Opened, Refused, Resumed
from voice_server.runtime.backlog import KEPT_BYTES, KEPT_LIMIT
from voice_server.runtime.inbound import Acked
from voice_server.runtime.sessions import Comeback


async def test_whoever_comes_back_gets_what_was_missed_once_and_in_order() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        await first.drop()
        await house.clock.advance(5_000)
        second = await house.back(first)
        await second.rest(5_000)
        assert_each_once(first, second)
        (resumed,) = second.of(Resumed)
        assert second.told[0].item is resumed
        assert (second.told[0].seq, resumed.from_seq) == (first.last_seq, first.last_seq + 1)
        assert second.of(facts.ResponseEnded)[0].status == "completed"
        assert second.of(facts.ResponseEnded)[0].heard == ANSWER


async def test_what_was_sent_and_did_not_arrive_comes_again() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        await first.rest(200)
        sent, (session, token) = messages(first), first.credentials
        await first.drop()
        second = await house.resume(Comeback(session, token, 2))
        await second.rest(100)
        again = messages(second)
    assert again[: len(sent) - 2] == sent[2:]


async def test_what_is_acknowledged_is_forgotten() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        seq, (session, token) = first.last_seq, first.credentials
        kept_bytes = house.sessions.buffered_bytes("kept")
        await first.tell(Acked(seq))
        assert house.sessions.buffered_bytes("kept") < kept_bytes
        await first.drop()
        with pytest.raises(NoSessionError, match="cannot go back"):
            await house.resume(Comeback(session, token, seq - 1))
        await house.resume(Comeback(session, token, seq))


async def test_the_answer_goes_on_at_the_sample_that_was_last_reported() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        await first.rest(600)
        await first.tell(events.PlaybackReported(1, 500))
        await first.drop()
        await house.clock.advance(60_000)
        second = await house.back(first)
        await second.rest(5_000)
        (resumed,) = second.of(Resumed)
        assert (resumed.response, resumed.position) == (1, 8_000)
        assert_sounds_from(8_000, second)


async def test_a_client_that_says_how_far_it_played_is_believed_as_far_as_it_was_sent() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        await first.rest(600)
        await first.tell(events.PlaybackReported(1, 500))
        await first.drop()
        session, token = first.credentials
        sent = first.frames[-1].position + FRAME_SAMPLES
        second = await house.resume(Comeback(session, token, first.last_seq, 1, 720))
        assert second.of(Resumed)[0].position == 720 * 16
        await second.drop()
        session, token = second.credentials
        third = await house.resume(Comeback(session, token, first.last_seq, 1, 4_000_000_000))
        assert (third.of(Resumed)[0].position or 0) <= sent + len(second.frames) * FRAME_SAMPLES


async def test_nothing_sounds_and_nothing_is_forgotten_while_nobody_is_there() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        await first.rest(300)
        await first.drop()
        await house.clock.advance(100_000)
        second = await house.back(first)
        assert second.of(facts.ResponseEnded) == []


async def test_a_sentence_that_was_cut_off_is_answered_with_what_had_arrived() -> None:
    house = House()
    async with house.open():
        first = await house.start()
        await first.speak(900)
        await first.drop()
        await house.clock.advance(10_000)
        second = await house.back(first)
        await second.rest(5_000)
        assert [fact.text for fact in second.of(facts.TranscriptCommitted)] == [QUESTION]
        assert second.of(facts.ResponseEnded)[0].heard == ANSWER
        assert second.of(Resumed)[0].response is None  # it had not begun to sound
        assert_each_once(first, second)


async def test_a_second_connection_takes_the_session_over() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        second = await house.back(first)
        assert first.link.farewell is Farewell.TAKEN_OVER
        assert first.over.is_set()
        received = len(first.link.received)
        await second.rest(5_000)
        assert len(first.link.received) == received
        assert_each_once(first, second)
        assert second.of(facts.ResponseEnded)[0].status == "completed"


async def test_tokens_rotate_and_the_old_one_is_good_until_the_new_one_is_settled() -> None:
    house = House()
    async with house.open():
        first = await house.start()
        session, old = first.credentials
        second = await house.resume(Comeback(session, old, first.last_seq))
        third = await house.resume(Comeback(session, old, first.last_seq))  # its answer was lost, say
        new = third.credentials[1]
        assert len({old, second.credentials[1], new}) == 3
        with pytest.raises(NoSessionError):
            await house.resume(Comeback(session, second.credentials[1], first.last_seq))
        await third.tell(Acked(first.last_seq))
        with pytest.raises(NoSessionError):
            await house.resume(Comeback(session, old, first.last_seq))
        await house.resume(Comeback(session, new, first.last_seq))


@pytest.mark.parametrize("last_seq", [-1, 10**9])
async def test_a_client_that_claims_what_cannot_be_changes_nothing(last_seq: int) -> None:
    house = House()
    async with house.open():
        first = await house.start()
        session, token = first.credentials
        for wrong in (
            Comeback("s_nobody", token, 1),
            Comeback(session, "guess", 1),
            Comeback(session, "", 1),
            Comeback(session, token, last_seq),
        ):
            with pytest.raises(NoSessionError):
                await house.resume(wrong)
        await first.tell(events.UserTyped(QUESTION))
        await first.hears()
        assert not first.over.is_set()


async def test_after_the_window_the_session_is_gone() -> None:
    house = House()
    async with house.open():
        first = await house.start()
        await first.drop()
        await house.clock.advance(WINDOW_MS - 1)
        assert len(house.sessions) == 1
        await house.clock.advance(1)
        assert len(house.sessions) == 0
        with pytest.raises(NoSessionError):
            await house.back(first)


async def test_the_window_begins_anew_with_each_loss() -> None:
    house = House()
    async with house.open():
        client = await house.start()
        for _ in range(3):
            await client.drop()
            await house.clock.advance(WINDOW_MS - 1)
            client = await house.back(client)
        assert len(house.sessions) == 1


async def test_a_client_that_vanished_without_a_word_is_noticed_and_may_come_back() -> None:
    house = House(options=replace(LASTING, heartbeat_ms=5_000))
    async with house.open():
        first = await house.start()
        await house.clock.advance(10_000)
        assert first.link.farewell is Farewell.UNRESPONSIVE
        second = await house.back(first)
        assert_each_once(first, second)


async def test_a_client_that_stalls_is_hung_up_on_and_may_come_back() -> None:
    house = House()
    async with house.open():
        first = await house.answering()
        first.link.stop_reading()
        await first.rest(OPTIONS.stall_limit_ms + 100)
        assert first.over.is_set()
        second = await house.back(first)
        await second.rest(5_000)
        assert_each_once(first, second)
        assert second.of(facts.ResponseEnded)[0].status == "completed"


async def test_a_session_that_was_ended_is_over() -> None:
    house = House()
    async with house.open():
        first = await house.start()
        await first.tell(events.SessionEnding("client"))
        assert len(house.sessions) == 0
        with pytest.raises(NoSessionError):
            await house.back(first)


async def test_those_who_are_away_take_no_place_but_find_none_when_it_is_taken() -> None:
    house = House(max_sessions=1)
    async with house.open():
        first = await house.start()
        await first.drop()
        other = await house.start()
        with pytest.raises(BusyError):
            await house.back(first)
        await other.tell(events.SessionEnding("client"))
        await house.back(first)


@pytest.mark.parametrize(("count", "chars"), [(KEPT_LIMIT + 1, 1), (KEPT_BYTES // 5_000, 5_000)])
async def test_what_waits_for_who_is_away_is_bounded_and_who_has_missed_more_cannot_come_back(
    count: int, chars: int
) -> None:
    house = House()
    async with house.open():
        client = Client(house.clock)
        runner = house.sessions.open(CONFIG, client.link, lasting=True)
        serving = asyncio.create_task(house.sessions.run(runner, client.inbound()))
        await house.clock.settle()
        await client.drop()
        await serving
        for _ in range(count):
            await runner.take(Refused("bad_field", "x" * chars))
        assert 0 < runner.buffered_bytes("kept") <= KEPT_BYTES
        with pytest.raises(NoSessionError, match="cannot go back to message 1"):
            await house.back(client)


async def test_what_waits_for_who_is_there_is_not_forgotten() -> None:
    house = House()
    async with house.open():
        client = await house.start()
        client.link.stop_reading()
        await client.tell(*[Refused("bad_field", "x" * 5_000) for _ in range(KEPT_BYTES // 5_000)])
        client.link.read_on()
        await client.rest(100)
        assert_each_once(client)
        assert len(client.of(Refused)) == KEPT_BYTES // 5_000


async def test_a_session_ends_when_it_is_as_old_as_one_may_be() -> None:
    house = House(options=replace(LASTING, max_session_ms=60_000))
    async with house.open():
        client = await house.start()
        for _ in range(6):
            await house.clock.advance(9_999)
            await client.tell(Acked(1))
        assert not client.over.is_set()
        await house.clock.advance(10)
        assert client.of(facts.SessionEnded) == [facts.SessionEnded("max_session")]
        assert client.link.farewell is Farewell.ENDED


async def test_a_trace_goes_on_across_the_loss() -> None:
    house = House()
    async with house.open():
        first = await house.start()
        await first.drop()
        await house.back(first)
        told = [record["event"]["type"] for record in house.stage.tracer.records[1:] if record["event"]]
        assert told == ["SessionBegan", "Disconnected", "SoundEnded", "Reconnected"]
        assert isinstance(first.told[0].item, Opened)
