"""Sessions in a file of SQLite: they outlive the server, also one that is killed.

All work is done in one thread of the store's own, each call as one transaction. With a write-ahead log and
`synchronous = NORMAL` a transaction that has returned survives the end of the process, however it ends; the
machine's loss of power may cost the last moments and never the file's consistency
(https://www.sqlite.org/pragma.html#pragma_synchronous). FULL would wait for the disk at each write.
"""

from __future__ import annotations

import asyncio
import hmac
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

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

LOCK_PATIENCE_S = 1.0
"""Another server on the same file: wait so long for its transaction."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY, epoch INTEGER NOT NULL,
    newest BLOB NOT NULL, former BLOB, expires_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS session_expires ON session (expires_ms);
CREATE TABLE IF NOT EXISTS state (
    session TEXT PRIMARY KEY REFERENCES session ON DELETE CASCADE, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS message (
    session TEXT NOT NULL REFERENCES session ON DELETE CASCADE,
    seq INTEGER NOT NULL, t_ms INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (session, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audio (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL REFERENCES session ON DELETE CASCADE,
    data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS audio_session ON audio (session);
CREATE TABLE IF NOT EXISTS deleted (session TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS probe (only INTEGER PRIMARY KEY, n INTEGER NOT NULL);
"""


class SqliteStore:
    """Fits `SessionStore`."""

    def __init__(self, path: Path, max_mb: int, now_ms: Callable[[], int]) -> None:
        """Open the file, or make it. Raises ConfigurationError.

        The file grows no larger than `max_mb`. `now_ms`: since 1970, as the next process reads the same file.
        """
        self._now_ms = now_ms
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        try:
            self._database = self._thread.submit(_opened, path, max_mb).result()
        except (OSError, sqlite3.Error) as error:
            self._thread.shutdown()
            raise ConfigurationError(
                f"{path} cannot be used for sessions: {error}; see store.path"
            ) from error

    async def create(self, session: str, token_hash: bytes, batch: Batch, epoch: int = 1) -> int:
        def work(database: sqlite3.Connection) -> int:
            database.execute("DELETE FROM session WHERE id = ?", (session,))
            database.execute("DELETE FROM deleted WHERE session = ?", (session,))
            database.execute("INSERT INTO session VALUES (?, ?, ?, NULL, 0)", (session, epoch, token_hash))
            self._write(database, session, batch)
            return epoch

        return await self._run(work)

    async def save(self, session: str, epoch: int, batch: Batch) -> None:
        def work(database: sqlite3.Connection) -> None:
            found = self._epoch(database, session)
            if found is None and not _was_deleted(database, session):
                raise UnknownSessionError(f"there is no session {session}")
            if found != epoch:
                raise StaleOwnerError(f"session {session} is not ours any more")
            self._write(database, session, batch)

        await self._run(work)

    async def claim(self, session: str, presented: bytes, fresh: bytes) -> StoredSession | None:
        def work(database: sqlite3.Connection) -> StoredSession | None:
            query = "SELECT newest, former FROM session WHERE id = ? AND expires_ms > ?"
            tokens = database.execute(query, (session, self._now_ms())).fetchone() or ()
            if not any([hmac.compare_digest(presented, token) for token in tokens if token]):
                return None
            change = "UPDATE session SET epoch = epoch + 1, newest = ?, former = ? WHERE id = ?"
            database.execute(change, (fresh, presented, session))
            return _read(database, session)

        return await self._run(work)

    async def peek(self, session: str) -> StoredSession | None:
        def work(database: sqlite3.Connection) -> StoredSession | None:
            return _read(database, session) if self._epoch(database, session) else None

        return await self._run(work)

    async def delete(self, session: str) -> bool:
        def work(database: sqlite3.Connection) -> bool:
            live = self._epoch(database, session) is not None
            database.execute("DELETE FROM session WHERE id = ?", (session,))
            database.execute("INSERT OR REPLACE INTO deleted VALUES (?, ?)", (session, self._now_ms()))
            return live

        return await self._run(work)

    async def sweep(self) -> int:
        def work(database: sqlite3.Connection) -> int:
            now_ms = self._now_ms()
            database.execute("DELETE FROM deleted WHERE at_ms <= ?", (now_ms - DELETED_MS,))
            return database.execute("DELETE FROM session WHERE expires_ms <= ?", (now_ms,)).rowcount

        return await self._run(work)

    async def ready(self) -> bool:
        def work(database: sqlite3.Connection) -> None:
            database.execute("INSERT INTO probe VALUES (1, 1) ON CONFLICT DO UPDATE SET n = n + 1")

        try:
            await self._run(work)
        except StoreError:
            return False
        return True

    async def aclose(self) -> None:
        await asyncio.wrap_future(self._thread.submit(self._database.close))
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """In the thread, as one transaction."""
        try:
            transaction = self._thread.submit(self._transact, work)
        except RuntimeError as error:
            raise StoreError("the session store is closed") from error
        try:
            return await asyncio.wrap_future(transaction)
        except sqlite3.Error as error:
            raise StoreError(f"the session file: {error}") from error

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._database)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # some failures have rolled it back already
                self._database.execute("ROLLBACK")
            raise
        return result

    def _epoch(self, database: sqlite3.Connection, session: str) -> int | None:
        """None where there is no session, or it has expired."""
        query = "SELECT epoch FROM session WHERE id = ? AND expires_ms > ?"
        row: tuple[int] | None = database.execute(query, (session, self._now_ms())).fetchone()
        return row[0] if row else None

    def _write(self, database: sqlite3.Connection, session: str, batch: Batch) -> None:
        if batch.state is not None:
            database.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (session, batch.state))
        messages = [(session, message.seq, message.t_ms, message.text) for message in batch.messages]
        database.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?)", messages)
        if batch.acked_seq is not None:
            database.execute("DELETE FROM message WHERE session = ? AND seq <= ?", (session, batch.acked_seq))
        if batch.drop_audio:
            database.execute("DELETE FROM audio WHERE session = ?", (session,))
        pieces = [(session, piece) for piece in batch.audio]
        database.executemany("INSERT INTO audio (session, data) VALUES (?, ?)", pieces)
        if batch.token_settled:
            database.execute("UPDATE session SET former = NULL WHERE id = ?", (session,))
        expires_ms = self._now_ms() + batch.expires_in_ms
        database.execute("UPDATE session SET expires_ms = ? WHERE id = ?", (expires_ms, session))


def _opened(path: Path, max_mb: int) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=LOCK_PATIENCE_S, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA foreign_keys = ON")
        page_bytes = database.execute("PRAGMA page_size").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {max_mb * 1_000_000 // page_bytes}")
        database.executescript(SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _was_deleted(database: sqlite3.Connection, session: str) -> bool:
    return bool(database.execute("SELECT 1 FROM deleted WHERE session = ?", (session,)).fetchone())


def _read(database: sqlite3.Connection, session: str) -> StoredSession:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return database.execute(query, (session,)).fetchall()

    ((epoch,),) = rows("SELECT epoch FROM session WHERE id = ?")
    states = rows("SELECT data FROM state WHERE session = ?")
    messages = rows("SELECT seq, t_ms, text FROM message WHERE session = ? ORDER BY seq")
    audio = rows("SELECT data FROM audio WHERE session = ? ORDER BY n")
    return StoredSession(
        session,
        epoch,
        states[0][0] if states else b"",
        tuple(StoredMessage(*message) for message in messages),
        tuple(data for (data,) in audio),
    )
