"""Sessions in Redis: they outlive a server, and any server of the same Redis can take one over.

A session is three keys with one time to live: a hash (epoch, state, tokens), a sorted set of messages by
`seq`, and a list of audio. A fourth says for a while that it was deleted. The braces keep them on one node
of a cluster. Every change is one script, so that it happens as a whole or not at all
(https://redis.io/docs/latest/develop/programmability/eval-intro/).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from voice_server.errors import ConfigurationError
from voice_server.session_store import (
    DELETED_MS,
    Batch,
    StaleOwnerError,
    StoredMessage,
    StoredSession,
    StoreError,
    UnknownSessionError,
)

T = TypeVar("T")

CONNECTIONS = 8
"""Calls beyond these wait for their turn. A script takes well below a millisecond."""

_WRITE = """
local function take() at = at + 1; return ARGV[at] end
local function write()
    local expires, acked = take(), take()
    if take() == '1' then redis.call('HSET', KEYS[1], 'state', take()) else take() end
    if take() == '1' then redis.call('HDEL', KEYS[1], 'former') end
    if take() == '1' then redis.call('DEL', KEYS[3]) end
    for _ = 1, tonumber(take()) do redis.call('RPUSH', KEYS[3], take()) end
    for _ = 1, tonumber(take()) do
        local seq = take()
        redis.call('ZREMRANGEBYSCORE', KEYS[2], seq, seq)
        redis.call('ZADD', KEYS[2], seq, take())
    end
    if acked ~= '' then redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', acked) end
    for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, expires) end
end
"""

CREATE = f"""
local at = 2
{_WRITE}
redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'state', '', 'newest', ARGV[1])
write()
"""

SAVE = f"""
local at = 1
{_WRITE}
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch and redis.call('EXISTS', KEYS[4]) == 0 then return 'unknown' end
if epoch ~= ARGV[1] then return 'stale' end
write()
return 'written'
"""

_READ = """
local found = redis.call('HMGET', KEYS[1], 'epoch', 'state')
return {found[1], found[2], redis.call('ZRANGE', KEYS[2], 0, -1), redis.call('LRANGE', KEYS[3], 0, -1)}
"""

CLAIM = f"""
local function same(a, b)  -- in a time that does not tell where they differ
    if not b or #a ~= #b then return false end
    local difference = 0
    for i = 1, #a do difference = bit.bor(difference, bit.bxor(a:byte(i), b:byte(i))) end
    return difference == 0
end
local tokens = redis.call('HMGET', KEYS[1], 'newest', 'former')
local newest, former = same(ARGV[1], tokens[1]), same(ARGV[1], tokens[2])
if not (newest or former) then return false end
redis.call('HSET', KEYS[1], 'newest', ARGV[2], 'former', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'epoch', 1)
{_READ}
"""

PEEK = f"""
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
{_READ}
"""

DELETE = """
redis.call('SET', KEYS[4], 1, 'PX', ARGV[1])
return redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
"""

PROBE = "redis.call('SET', KEYS[1], 1, 'PX', 1000)"


class RedisStore:
    """Fits `SessionStore`. Redis forgets by itself what has expired."""

    def __init__(self, url: str, timeout_ms: int) -> None:
        """Connects when it is needed. `timeout_ms`: for a whole call. Raises ConfigurationError."""
        self._timeout_s = timeout_ms / 1000
        try:
            pool = BlockingConnectionPool.from_url(
                url, max_connections=CONNECTIONS, timeout=self._timeout_s, retry=Retry(NoBackoff(), 0)
            )
        except ValueError as error:
            raise ConfigurationError(f"store.url: {error}") from error
        self._redis = Redis.from_pool(pool)
        self._scripts = {script: self._redis.register_script(script) for script in SCRIPTS}

    async def create(self, session: str, token_hash: bytes, batch: Batch, epoch: int = 1) -> int:
        await self._run(CREATE, session, token_hash, epoch, *_arguments(batch))
        return epoch

    async def save(self, session: str, epoch: int, batch: Batch) -> None:
        outcome = await self._run(SAVE, session, epoch, *_arguments(batch))
        if outcome == b"unknown":
            raise UnknownSessionError(f"there is no session {session}")
        if outcome == b"stale":
            raise StaleOwnerError(f"session {session} is not ours any more")

    async def claim(self, session: str, presented: bytes, fresh: bytes) -> StoredSession | None:
        return _read(session, await self._run(CLAIM, session, presented, fresh))

    async def peek(self, session: str) -> StoredSession | None:
        return _read(session, await self._run(PEEK, session))

    async def delete(self, session: str) -> bool:
        return await self._run(DELETE, session, DELETED_MS) != 0

    async def sweep(self) -> int:
        return 0

    async def ready(self) -> bool:
        try:
            await self._within(self._scripts[PROBE](keys=["voice-server:probe"]))
        except StoreError:
            return False
        return True

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def _run(self, script: str, session: str, *arguments: bytes | str | int) -> object:
        return await self._within(self._scripts[script](keys=_keys(session), args=arguments))

    async def _within(self, call: Awaitable[T]) -> T:
        """No retries: a script that was lost on its way may have been run."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await _cancellable(call)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreError(f"Redis: {error or 'no answer in time'}") from error


SCRIPTS = (CREATE, SAVE, CLAIM, PEEK, DELETE, PROBE)


async def _cancellable(call: Awaitable[T]) -> T:
    """redis-py loses a cancellation that comes while it hands over its answer: the task would go on."""
    task = asyncio.current_task()
    assert task
    cancelled = task.cancelling()
    result = await call
    if task.cancelling() > cancelled:
        raise asyncio.CancelledError
    return result


def _keys(session: str) -> list[str]:
    kept = f"voice-server:{{{session}}}"
    return [kept, f"{kept}:messages", f"{kept}:audio", f"{kept}:deleted"]


def _arguments(batch: Batch) -> list[bytes | str | int]:
    """In the order in which `write` of the script takes them."""
    arguments: list[bytes | str | int] = [
        batch.expires_in_ms,
        "" if batch.acked_seq is None else batch.acked_seq,
        int(batch.state is not None),
        batch.state or b"",
        int(batch.token_settled),
        int(batch.drop_audio),
        len(batch.audio),
        *batch.audio,
        len(batch.messages),
    ]
    for message in batch.messages:
        arguments += [message.seq, f"{message.seq} {message.t_ms} {message.text}"]
    return arguments


def _read(session: str, found: object) -> StoredSession | None:
    if found is None:
        return None
    epoch, state, members, audio = cast(tuple[bytes, bytes, list[bytes], list[bytes]], found)
    return StoredSession(session, int(epoch), state, tuple(map(_message, members)), tuple(audio))


def _message(member: bytes) -> StoredMessage:
    seq, t_ms, text = member.decode().split(" ", 2)
    return StoredMessage(int(seq), int(t_ms), text)
