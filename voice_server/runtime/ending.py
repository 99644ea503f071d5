"""How a session ends: because somebody says so, by a bug, or when its time is up; or only here."""

from __future__ import annotations

import asyncio
import logging

from voice_server.core.events import SessionEnding
from voice_server.ports import Farewell
from voice_server.runtime.deciding import Deciding
from voice_server.runtime.lifetime import Lifetime, Reason
from voice_server.runtime.session_clock import SessionClock

logger = logging.getLogger(__name__)


class Ending:
    """Of one session. `kept`: when the server goes, the session goes on from the store."""

    def __init__(
        self, session: str, deciding: Deciding, clock: SessionClock, lifetime: Lifetime, *, kept: bool
    ) -> None:
        self.farewell: Farewell | None = Farewell.ENDED
        """How its client is hung up on. None: it is lost."""
        self.stays = False
        """Whether it stays in the store, as it goes on elsewhere or later."""
        self._session = session
        self._deciding = deciding
        self._clock = clock
        self._lifetime = lifetime
        self._kept = kept
        self._changed = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether it is over here."""
        return self._deciding.over.is_set()

    def end(self, reason: str, farewell: Farewell | None) -> None:
        """The core is to end it; `reason` is what the client is told."""
        if not self.over:
            self.farewell = farewell
            self._deciding.tell(SessionEnding(reason))

    def leave(self, farewell: Farewell) -> None:
        """It goes on elsewhere, or later: it is not ended, only not here any more."""
        if not self.over:
            self.farewell, self.stays = farewell, True
            self._deciding.over.set()

    def fail(self) -> None:
        """A bug was raised, and is being handled."""
        logger.exception("session %s ended by a bug", self._session)
        self.farewell = Farewell.FAILED
        self._deciding.over.set()

    # ── its time ──

    def client_left(self, farewell: Farewell | None) -> None:
        """It is waited for, where that is done at all; else the session ends with `farewell`."""
        if not self._lifetime.window_ms:
            return self.end(Reason.DISCONNECTED.value, farewell)
        self._lifetime.left_ms = self._clock.now_ms()
        self._changed.set()

    def client_back(self) -> None:
        """It is waited for no longer."""
        self._lifetime.left_ms = None
        self._changed.set()

    def drain(self, within_ms: int) -> None:
        """The server goes: what is being said may be finished, within this time."""
        self._lifetime.restart_ms = self._clock.now_ms() + within_ms
        if within_ms == 0 or self._deciding.session.at_rest:
            self._time_is_up(Reason.RESTART)
        self._changed.set()

    def decided(self) -> None:
        """The core has decided something: where the server waits to go, it may do so now."""
        if self._lifetime.restart_ms is not None:
            self._changed.set()

    async def mind_the_time(self) -> None:
        """End the session when its time is up."""
        while True:
            self._changed.clear()
            end = self._lifetime.next()
            if end and (self._clock.now_ms() >= end[0] or self._may_leave(end[1])):
                return self._time_is_up(end[1])
            await self._clock.wait(self._changed, end[0] if end else None)

    def _may_leave(self, reason: Reason) -> bool:
        """The server restarts, and nobody would be interrupted now."""
        return reason is Reason.RESTART and self._deciding.session.at_rest

    def _time_is_up(self, reason: Reason) -> None:
        if reason is Reason.RESTART and self._kept:
            self.leave(Farewell.RESTARTING)
        elif reason is Reason.RESTART:
            self.end(reason.value, Farewell.RESTARTING)
        else:
            self.end(reason.value, Farewell.ENDED if self._lifetime.left_ms is None else None)
