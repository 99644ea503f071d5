from __future__ import annotations

import asyncio
import itertools
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from voice_server.adapters.store_sqlite import SqliteStore
from voice_server.errors import ConfigurationError
from voice_server.session_store import Batch, StoredMessage, StoreError

TOKEN, FRESH = b"\x01" * 32, b"\x02" * 32
MB = 1_000_000

WRITER = """
import asyncio, sys, time
from pathlib import Path
from voice_server.adapters.store_sqlite import SqliteStore
from voice_server.session_store import Batch, StoredMessage

async def write():
    store = SqliteStore(Path(sys.argv[1]), 100, lambda: time.time_ns() // 1_000_000)
    await store.create("s", b"\\x01" * 32, Batch(expires_in_ms=600_000))
    for n in range(1, 1_000_000):
        message = StoredMessage(n, n, str(n))
        batch = Batch(str(n).encode(), (message,), acked_seq=n - 3, expires_in_ms=600_000)
        await store.save("s", 1, batch)
        print(n, flush=True)

asyncio.run(write())
"""
"""Writes batches for ever, and says which of them are written."""


def fixed_ms() -> int:
    return 1_700_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sessions.db"


@pytest_asyncio.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(path, 2, fixed_ms)
    yield made
    await made.aclose()


def _killed_while_writing(path: Path) -> list[int]:
    """What it said to be written."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        said = [int(line) for line in itertools.islice(writer.stdout, 100)]
        writer.kill()
        return said + [int(line) for line in writer.stdout]


async def test_a_killed_server_has_lost_nothing_that_was_written(path: Path) -> None:
    said = await asyncio.to_thread(_killed_while_writing, path)
    store = SqliteStore(path, 100, fixed_ms)
    kept = await store.claim("s", TOKEN, FRESH)
    await store.aclose()
    assert kept
    last = int(kept.state)
    assert last in (said[-1], said[-1] + 1), "the one that was being written may be there or not"
    assert [message.seq for message in kept.messages] == [last - 2, last - 1, last], "a batch is whole"


async def test_a_full_store_says_so_changes_nothing_and_works_again_when_there_is_room(
    store: SqliteStore, path: Path
) -> None:
    await store.create("s", TOKEN, Batch(state=b"before"))
    await store.create("big", TOKEN, Batch(state=bytes(MB)))
    with pytest.raises(StoreError, match="full"):
        await store.save("s", 1, Batch(state=b"after", audio=(bytes(MB), bytes(MB))))
    kept = await store.peek("s")
    assert kept
    assert (kept.state, kept.audio) == (b"before", ())
    await store.delete("big")
    await store.save("s", 1, Batch(state=b"after", audio=(bytes(MB),)))
    assert await store.ready()


async def test_a_disk_that_takes_no_more_is_a_store_error(tmp_path: Path) -> None:
    """The limit of a process on the size of its files stands for the end of the disk."""
    code = f"""
import asyncio, resource
from pathlib import Path
from voice_server.adapters.store_sqlite import SqliteStore
from voice_server.session_store import Batch, StoreError

async def fill():
    store = SqliteStore(Path({str(tmp_path / "small.db")!r}), 100, lambda: 0)
    await store.create("s", b"t", Batch(state=b"before"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    try:
        await store.save("s", 1, Batch(state=bytes(1_000_000)))
    except StoreError:
        print("store error")
    print((await store.peek("s")).state)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    print(await store.ready())
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.save("s", 1, Batch(state=b"after"))
    print((await store.peek("s")).state)
    await store.aclose()

asyncio.run(fill())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["store error", "b'before'", "False", "b'after'"], done.stderr


async def test_what_another_server_holds_is_waited_for_and_then_given_up(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.create("s", TOKEN, Batch(state=b"x"))
    monkeypatch.setattr("voice_server.adapters.store_sqlite.LOCK_PATIENCE_S", 0.0)
    impatient = SqliteStore(path, 2, fixed_ms)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        await impatient.save("s", 1, Batch(state=b"y"))
    assert await impatient.ready() is False
    other.execute("ROLLBACK")
    other.close()
    await impatient.save("s", 1, Batch(state=b"y"))
    await impatient.aclose()


async def test_the_event_loop_does_not_wait_for_the_file(path: Path) -> None:
    blocked = threading.Event()

    def now_ms() -> int:
        assert threading.current_thread() is not threading.main_thread()
        blocked.wait()  # a disk that takes its time
        return fixed_ms()

    store = SqliteStore(path, 2, now_ms)
    writing = asyncio.ensure_future(store.create("s", TOKEN, Batch()))
    await asyncio.sleep(0)
    assert not writing.done()
    blocked.set()
    assert await writing == 1
    await store.aclose()


async def test_a_call_that_is_cancelled_breaks_no_other(store: SqliteStore) -> None:
    await store.create("s", TOKEN, Batch())
    saving = asyncio.ensure_future(store.save("s", 1, Batch(messages=(StoredMessage(1, 1, "x"),))))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    await store.save("s", 1, Batch(messages=(StoredMessage(2, 2, "y"),)))
    kept = await store.peek("s")
    assert kept
    assert kept.messages[-1].seq == 2


def test_a_file_that_is_none_of_ours_is_refused_at_the_start(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database, and longer than the header of one" * 100)
    with pytest.raises(ConfigurationError, match=r"notes\.txt cannot be used for sessions.*store\.path"):
        SqliteStore(other, 100, fixed_ms)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        SqliteStore(other / "sessions.db", 100, fixed_ms)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("store")]


async def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteStore(path, 2, fixed_ms)
    await store.aclose()
    with pytest.raises(StoreError, match="closed"):
        await store.peek("s")
