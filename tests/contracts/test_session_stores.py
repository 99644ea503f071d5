"""What every session store keeps to: in memory, in a file of SQLite, and in a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.contracts.redis_process import RedisProcess, redis_process
from tests.runtime.staged_store import StagedStore
from voice_server.adapters.store_memory import MemoryStore
from voice_server.adapters.store_redis import RedisStore
from voice_server.adapters.store_sqlite import SqliteStore
from voice_server.session_store import (
    Batch,
    SessionStore,
    StaleOwnerError,
    StoredMessage,
    StoredSession,
    UnknownSessionError,
)

PATIENCE_S = 20.0
FIRST, SECOND, THIRD = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
SESSION = "s_one"
NOTHING = Batch()


class ToldClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms

    async def wait(self, woken: asyncio.Event, until_ms: int | None) -> None:
        """Nobody waits for it."""
        raise AssertionError("a store waits")


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisProcess]:
    with redis_process() as process:
        yield process


@pytest.fixture
def clock() -> ToldClock:
    return ToldClock()


@pytest_asyncio.fixture(params=["memory", "staged", "sqlite", "redis"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ToldClock
) -> AsyncIterator[SessionStore]:
    makers: dict[str, Callable[[], SessionStore]] = {
        "memory": lambda: MemoryStore(clock.now_ms),
        "staged": lambda: StagedStore(clock),
        "sqlite": lambda: SqliteStore(tmp_path / "new" / "sessions.db", 100, clock.now_ms),
        "redis": lambda: RedisStore(request.getfixturevalue("redis").url, 5_000),
    }
    made = makers[request.param]()
    yield made
    await made.delete(SESSION)  # Redis is shared by the tests of this module
    await made.aclose()


def messages(*seqs: int) -> tuple[StoredMessage, ...]:
    return tuple(StoredMessage(seq, seq * 10, f'{{"type": "x", "text": "é {seq}"}}') for seq in seqs)


async def begun(store: SessionStore) -> int:
    """A session with two messages and two pieces of audio."""
    return await store.create(
        SESSION, FIRST, Batch(state=b"\x00one\xff", messages=messages(1, 2), audio=(b"\x00a", b"b"))
    )


async def found(store: SessionStore) -> StoredSession:
    session = await store.peek(SESSION)
    assert session
    return session


async def test_what_was_written_is_read_again(store: SessionStore) -> None:
    assert await begun(store) == 1
    assert await found(store) == StoredSession(SESSION, 1, b"\x00one\xff", messages(1, 2), (b"\x00a", b"b"))


async def test_nothing_is_known_of_a_session_that_never_was(store: SessionStore) -> None:
    assert await store.peek("s_none") is None
    assert await store.claim("s_none", FIRST, SECOND) is None
    with pytest.raises(UnknownSessionError):
        await store.save("s_none", 1, Batch(state=b"x"))
    assert await store.delete("s_none") is False
    assert await store.peek("s_none") is None


async def test_batches_add_up(store: SessionStore) -> None:
    await begun(store)
    await store.save(SESSION, 1, Batch(messages=messages(10, 3), audio=(b"c",)))
    await store.save(SESSION, 1, Batch(state=b"two"))
    kept = await found(store)
    assert (kept.state, kept.messages) == (b"two", messages(1, 2, 3, 10))
    assert kept.audio == (b"\x00a", b"b", b"c")


async def test_a_message_that_is_written_twice_is_there_once(store: SessionStore) -> None:
    await begun(store)
    again = StoredMessage(2, 21, "another text")
    await store.save(SESSION, 1, Batch(messages=(again,)))
    assert (await found(store)).messages == (*messages(1), again)


async def test_acknowledged_messages_are_dropped_also_those_of_the_same_batch(store: SessionStore) -> None:
    await begun(store)
    await store.save(SESSION, 1, Batch(messages=messages(3, 4), acked_seq=3))
    assert (await found(store)).messages == messages(4)


async def test_audio_is_dropped_before_the_new_is_added(store: SessionStore) -> None:
    await begun(store)
    await store.save(SESSION, 1, Batch(drop_audio=True, audio=(b"new",)))
    assert (await found(store)).audio == (b"new",)
    await store.save(SESSION, 1, Batch(drop_audio=True))
    assert (await found(store)).audio == ()


async def test_whoever_shows_the_token_owns_the_session_and_the_former_owner_writes_nothing(
    store: SessionStore,
) -> None:
    await begun(store)
    claimed = await store.claim(SESSION, FIRST, SECOND)
    assert claimed == StoredSession(SESSION, 2, b"\x00one\xff", messages(1, 2), (b"\x00a", b"b"))
    assert await is_stale(store, 1, Batch(state=b"late", messages=messages(9), drop_audio=True))
    assert await found(store) == claimed
    await store.save(SESSION, 2, Batch(state=b"mine"))
    assert (await found(store)).state == b"mine"


@pytest.mark.parametrize("wrong", [SECOND, b"", FIRST[:-1], FIRST + b"\x00", FIRST[:-1] + b"\x00"])
async def test_a_wrong_token_claims_nothing(store: SessionStore, wrong: bytes) -> None:
    await begun(store)
    assert await store.claim(SESSION, wrong, THIRD) is None
    assert (await found(store)).epoch == 1


async def test_the_token_before_is_good_until_the_new_one_is_settled(store: SessionStore) -> None:
    await begun(store)
    assert await store.claim(SESSION, FIRST, SECOND)
    assert await store.claim(SESSION, FIRST, THIRD), "the client never got the second token"
    assert await store.claim(SESSION, SECOND, FIRST) is None, "and never will"
    await store.save(SESSION, 3, Batch(token_settled=True))
    assert await store.claim(SESSION, FIRST, SECOND) is None
    claimed = await store.claim(SESSION, THIRD, FIRST)
    assert claimed
    assert claimed.epoch == 4


async def test_of_many_claims_at_once_each_has_its_own_epoch(store: SessionStore) -> None:
    await begun(store)
    claims = await asyncio.gather(*[store.claim(SESSION, FIRST, bytes([n]) * 32) for n in range(10, 20)])
    assert sorted(claim.epoch for claim in claims if claim) == list(range(2, 12))


async def test_what_is_deleted_is_gone_also_for_its_owner(store: SessionStore) -> None:
    await begun(store)
    assert await store.delete(SESSION) is True
    assert await store.peek(SESSION) is None
    assert await store.claim(SESSION, FIRST, SECOND) is None
    assert await is_stale(store, 1), "no owner is to write it anew"
    assert await begun(store) == 1
    assert (await found(store)).messages == messages(1, 2)
    await store.save(SESSION, 1, Batch(state=b"x"))


async def test_also_a_session_that_it_does_not_hold_can_be_deleted_for_its_owner(store: SessionStore) -> None:
    assert await store.delete(SESSION) is False
    assert await is_stale(store, 1)


async def test_a_session_is_written_anew_with_an_epoch_that_no_earlier_owner_has(store: SessionStore) -> None:
    await begun(store)
    await store.claim(SESSION, FIRST, SECOND)
    epoch = 1 << 40
    assert await store.create(SESSION, THIRD, Batch(state=b"anew", messages=messages(7)), epoch) == epoch
    assert await is_stale(store, 1)
    assert await is_stale(store, 2)
    claimed = await store.claim(SESSION, THIRD, FIRST)
    assert claimed == StoredSession(SESSION, epoch + 1, b"anew", messages(7), ())


async def test_a_session_that_nobody_writes_to_expires(store: SessionStore, clock: ToldClock) -> None:
    await begun(store)
    await store.save(SESSION, 1, Batch(expires_in_ms=20))
    clock.ms += 20
    await gone(store)
    assert await store.claim(SESSION, FIRST, SECOND) is None
    with pytest.raises(UnknownSessionError):
        await store.save(SESSION, 1, Batch(state=b"x"))
    assert await store.delete(SESSION) is False


async def test_a_write_keeps_it_alive(store: SessionStore, clock: ToldClock) -> None:
    await store.create(SESSION, FIRST, Batch(expires_in_ms=5_000))
    await store.save(SESSION, 1, Batch(expires_in_ms=90_000))
    clock.ms += 89_999
    assert await store.peek(SESSION)


async def test_the_sweep_leaves_what_lives(store: SessionStore, clock: ToldClock) -> None:
    await begun(store)
    await store.create("s_old", SECOND, Batch(state=b"x", audio=(b"a",), expires_in_ms=10))
    clock.ms += 10
    await store.sweep()
    assert await store.peek(SESSION)
    await gone(store, "s_old")


async def test_it_is_ready(store: SessionStore) -> None:
    assert await store.ready() is True


async def test_large_pieces_and_many_messages_are_kept(store: SessionStore) -> None:
    """As much as two minutes of unread conversation: beyond what Lua unpacks or a row of SQLite likes."""
    audio = tuple(bytes([n]) * 32_000 for n in range(120))
    await store.create(
        SESSION, FIRST, Batch(state=b"s" * 200_000, messages=messages(*range(1, 9_001)), audio=audio)
    )
    kept = await store.claim(SESSION, FIRST, SECOND)
    assert kept
    assert (len(kept.state), kept.messages, kept.audio) == (200_000, messages(*range(1, 9_001)), audio)


async def test_whoever_is_cancelled_during_a_call_does_not_go_on(store: SessionStore) -> None:
    await begun(store)
    for turns in range(200):
        writing = asyncio.ensure_future(store.save(SESSION, 1, Batch(state=b"x")))
        for _ in range(turns):
            await asyncio.sleep(0)
        in_time = writing.cancel()
        await asyncio.wait([writing])
        assert writing.cancelled() == in_time


async def test_sessions_do_not_mix(store: SessionStore) -> None:
    await begun(store)
    await store.create("s_two", SECOND, Batch(state=b"two", messages=messages(1)))
    await store.save("s_two", 1, Batch(acked_seq=5, drop_audio=True))
    assert await store.claim("s_two", FIRST, THIRD) is None
    await store.delete("s_two")
    assert (await found(store)).messages == messages(1, 2)


async def is_stale(store: SessionStore, epoch: int, batch: Batch = NOTHING) -> bool:
    """Whether the owner of this epoch is told that the session is another's, or was deleted."""
    with pytest.raises(StaleOwnerError) as stale:
        await store.save(SESSION, epoch, batch)
    return not isinstance(stale.value, UnknownSessionError)


async def gone(store: SessionStore, session: str = SESSION) -> None:
    """Wait for that: Redis has a clock of its own."""
    async with asyncio.timeout(PATIENCE_S):
        while await store.peek(session):
            pass
