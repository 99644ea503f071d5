"""Writing a session to the store while it goes on: behind it, never in its way, and bounded.

One task per session writes whatever has come since its last write, as one batch: what is written is always a
moment that was. When the store fails, nothing is kept for it but the journal; the next write that works is of
everything. A message that tells of a commitment (a turn, an answer's beginning and end, a setting, a call) is
not sent before the commitment is written, or the store has turned out to be away.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voice_server.core import commands, events
from voice_server.core.policy import Policy
from voice_server.core.trace import Decision, decode, encode
from voice_server.ports import Notice, Opened, Pinged, Ponged, Refused, Resumed
from voice_server.runtime.backlog import Backlog, Entry
from voice_server.runtime.journal import Journal
from voice_server.runtime.session_clock import SessionClock
from voice_server.session_store import (
    Batch,
    SessionStore,
    StaleOwnerError,
    StoredMessage,
    StoredSession,
    StoreError,
    UnknownSessionError,
)

if TYPE_CHECKING:
    from voice_server.runtime.past import Past

LINGER_MS = 50
"""What is not urgent waits so long for more to be written with it."""
AWAY_AFTER_MS = 500
"""A store that takes longer over a commitment is away until it has written it: nobody waits for it."""
RETRY_MS = 1_000
PACK_LINES = 400
EPOCH_BITS = 40

COMMITMENTS = (
    commands.TranscriptCommitted,
    commands.ResponseBegan,
    commands.ResponseEnded,
    commands.ConfigChanged,
    commands.ToolCalled,
    commands.ToolCancelled,
)
WISHES = events.ClientEvent | events.NewsEvent
"""What the client says, but for sound and where its loudspeaker is. Nobody else knows it."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where sessions are kept, and for how long after their last word."""

    store: SessionStore
    expires_in_ms: int


class Keeper:
    """Of one session. `stolen` is called when another server has taken it."""

    def __init__(
        self, keeping: Keeping, opened: Opened, policy: Policy, clock: SessionClock, backlog: Backlog
    ) -> None:
        self.journal = Journal(opened.config, policy)
        self.saved_seq = 0
        """Messages up to here, and what led to them, are written."""
        self.away = False
        """Whether the last write failed, or the present one takes too long."""
        self.epoch = 0
        """0: it has not been written yet, or the store has lost it."""
        self.stolen: Callable[[], None] = lambda: None
        self._keeping = keeping
        self._session = opened.session
        self._clock = clock
        self._backlog = backlog
        self._token_hash = b""
        self._first_epoch = 1
        self._unclaimed: list[tuple[bytes, bytes]] = []
        self._settled = False
        self._whole = True
        self._unsure = False
        self._turn_over = False
        self._lines = 0
        self._messages: list[Entry] = []
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._urgent.set()  # that there is a session at all
        self._saved = asyncio.Event()
        self._writing = asyncio.Lock()

    # ── what has come ──

    def decided(self, decision: Decision) -> None:
        """The session was told something, and decided."""
        self.journal.told(decision.event, decision.now_ms)
        self._lines += 1
        if isinstance(decision.event, WISHES):
            self._urgent.set()
        for command in decision.commands:
            if isinstance(command, commands.Discard):
                self.journal.discarded(command.response)
            elif isinstance(command, COMMITMENTS):
                self._urgent.set()
                self._turn_over = self._turn_over or isinstance(command, commands.ResponseEnded)
        self._turn_over = self._turn_over or self._lines >= PACK_LINES
        self._dirty.set()

    def said(self, entry: Entry) -> None:
        """A message for the client."""
        if not self._whole:
            self._messages.append(entry)
        self._dirty.set()

    def spoken(self, response: int, pcm: bytes) -> None:
        """More of a response was made."""
        self.journal.spoken(response, pcm)
        self._dirty.set()

    def given(self, token_hash: bytes) -> None:
        """The client's token, while the session is not written yet."""
        self._token_hash = token_hash

    def resume(self, past: Past) -> None:
        """It was written before, by another server; from now on it is ours to write."""
        self.epoch = past.epoch
        for now_ms, event in past.recalled.told:
            self.journal.told(event, now_ms)
        for response, pcm in past.recalled.sound.items():
            self.journal.spoken(response, bytes(pcm))

    def settle(self) -> None:
        """The client has got its last token."""
        self._settled = True
        self._dirty.set()

    # ── writing it ──

    async def keep(self) -> None:
        """Write behind the session, until cancelled or no longer its owner."""
        while True:
            await self._wait_for(self._dirty, self._keeping.expires_in_ms // 3)
            if not self.away:
                await self._wait_for(self._urgent, LINGER_MS)
            if not await self.write():
                return
            if self.away:
                await self._wait_for(asyncio.Event(), RETRY_MS)

    async def write(self) -> bool:
        """Write what there is. Returns whether the session is still ours."""
        async with self._writing:
            self._dirty.clear()
            self._urgent.clear()
            settled = self._settled
            try:
                seq = await self._save()
            except StaleOwnerError:
                self.stolen()
                return False
            except StoreError as error:
                self._failed(error)
            else:
                self.away, self.saved_seq, self._unsure = False, seq, False
                self._settled = self._settled and not settled
            self._saved.set()
            return True

    async def claim(self, presented: bytes, fresh: bytes) -> StoredSession | None:
        """Its client has come back here: the store learns of its new token. Returns what it holds.

        None: the store knows no such session, or not with this token. Raises StoreError.
        """
        async with self._writing:
            await self._claim_what_is_owed()
            held = await self._keeping.store.claim(self._session, presented, fresh)
            if held and held.epoch == self.epoch + 1:
                self.epoch, self._token_hash = held.epoch, fresh
            return held

    async def is_owner(self) -> bool:
        """Whether nobody has claimed the session since we did. Raises StoreError."""
        async with self._writing:
            held = await self._keeping.store.peek(self._session)
            return held is not None and held.epoch == self.epoch

    def claim_later(self, presented: bytes, fresh: bytes) -> None:
        """The same while the store is away, or has not learnt of the session yet: it does later."""
        self._unclaimed.append((presented, fresh))
        self._dirty.set()

    async def _save(self) -> int:
        """Returns the last message that is written."""
        try:
            if self.epoch:
                await self._claim_what_is_owed()
                seq, batch = self._backlog.last_seq, self._batch()
                await self._keeping.store.save(self._session, self.epoch, batch)
                return seq
        except UnknownSessionError:
            self._begin_anew()
        seq, batch = self._backlog.last_seq, self._batch()
        self.epoch = await self._keeping.store.create(
            self._session, self._token_hash, batch, self._first_epoch
        )
        await self._claim_what_is_owed()
        return seq

    async def _claim_what_is_owed(self) -> None:
        """The store learns of the tokens that its client was given while it was away."""
        while self._unclaimed:
            held = await self._keeping.store.claim(self._session, *self._unclaimed[0])
            if held is None or held.epoch != self.epoch + 1:
                await self._keeping.store.save(
                    self._session, self.epoch, Batch()
                )  # raises what has become of it
                raise StaleOwnerError(f"session {self._session} has gone on elsewhere")
            self.epoch, self._token_hash = held.epoch, self._unclaimed.pop(0)[1]

    def _begin_anew(self) -> None:
        """The store came back without the session, and without its epochs: an earlier owner may have any."""
        logger.warning("the store has lost session %s, which is written anew", self._session)
        self.epoch, self._first_epoch = 0, 1 + secrets.randbits(EPOCH_BITS)
        self._whole = True
        for _presented, fresh in self._unclaimed:
            self._token_hash = fresh
        self._unclaimed.clear()

    def _batch(self) -> Batch:
        """What has come since the last one. Until it has come to its end it may have been written, or not."""
        whole, self._unsure = self._whole or self._unsure, True
        turn_over, seq = self._turn_over, self._backlog.last_seq
        entries = self._backlog.entries if whole else tuple(self._messages)
        self._whole = self._turn_over = False
        self._messages.clear()
        state = self.journal.pack(seq) if whole or turn_over else None
        if state:
            self._lines = 0
        return Batch(
            state=state,
            messages=tuple(map(stored, entries)),
            acked_seq=self._backlog.first_seq - 1,
            audio=self.journal.news(seq) if state is None else self.journal.sound(),
            drop_audio=state is not None,
            token_settled=self._settled,
            expires_in_ms=self._keeping.expires_in_ms,
        )

    def _failed(self, error: StoreError) -> None:
        self._go_on_in_memory(str(error))
        self._whole = True
        self._dirty.set()

    def _go_on_in_memory(self, why: str) -> None:
        if not self.away:
            logger.warning("session %s cannot be written, and goes on in memory: %s", self._session, why)
        self.away = True

    async def _wait_for(self, event: asyncio.Event, at_most_ms: int) -> None:
        """Waiting sets the event at its time, so a lasting one is asked through another."""
        if not event.is_set():
            await self._clock.wait(event, self._clock.now_ms() + at_most_ms)

    # ── others ──

    async def committed(self, entry: Entry) -> None:
        """Return when the message may be sent."""
        away_ms = entry.t_ms + AWAY_AFTER_MS
        while isinstance(entry.item, COMMITMENTS) and self.saved_seq < entry.seq and not self.away:
            if self._clock.now_ms() >= away_ms:
                return self._go_on_in_memory(f"a write takes more than {AWAY_AFTER_MS} ms")
            self._saved.clear()
            await self._clock.wait(self._saved, away_ms)

    async def forget(self) -> None:
        """The session is over: nobody can come back to it."""
        try:
            await self._keeping.store.delete(self._session)
        except StoreError as error:
            logger.warning("session %s stays in the store until it expires: %s", self._session, error)


# ── messages as they are stored ──

_ITEMS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *commands.Fact.__args__,
        Opened,
        Resumed,
        Pinged,
        Ponged,
        Refused,
    )
}


def stored(entry: Entry) -> StoredMessage:
    """The message as it is stored: what it says, in no protocol's words. No token is ever written."""
    record = encode(entry.item)
    if "token" in record:
        record["token"] = ""
    return StoredMessage(entry.seq, entry.t_ms, json.dumps(record))


def restored(message: StoredMessage) -> Entry:
    """The same again."""
    record = json.loads(message.text)
    item: commands.Fact | Notice = decode(_ITEMS[record["type"]], record)
    return Entry(message.seq, message.t_ms, item)
