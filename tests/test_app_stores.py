"""Which store the settings ask for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from voice_server.adapters.store_memory import MemoryStore
from voice_server.adapters.store_redis import RedisStore
from voice_server.adapters.store_sqlite import SqliteStore
from voice_server.app import open_store, wall_clock_ms
from voice_server.errors import ConfigurationError
from voice_server.session_store import Batch
from voice_server.settings import Settings, StoreSettings


async def test_each_kind_is_opened(tmp_path: Path) -> None:
    found = []
    for kind in ("memory", "sqlite", "redis"):
        settings = Settings(store=StoreSettings(kind=kind, path=tmp_path / "sessions.db"))
        store = open_store(settings)
        found.append(type(store))
        await store.aclose()
    assert found == [MemoryStore, SqliteStore, RedisStore]


async def test_the_file_is_limited_as_it_was_set(tmp_path: Path) -> None:
    store = open_store(Settings(store=StoreSettings(path=tmp_path / "sessions.db", max_mb=1)))
    with pytest.raises(Exception, match="full"):
        await store.create("s", b"token", Batch(state=bytes(2_000_000)))
    await store.aclose()


def test_a_file_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"store\.path"):
        open_store(Settings(store=StoreSettings(path=tmp_path)))


def test_a_redis_that_is_away_does_not() -> None:
    store = open_store(Settings(store=StoreSettings(kind="redis", url="redis://127.0.0.1:1/0")))
    assert isinstance(store, RedisStore)


def test_expiry_means_the_same_to_the_next_process() -> None:
    assert abs(wall_clock_ms() - time.time() * 1000) < 60_000
