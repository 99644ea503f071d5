"""The client's attendance: over one connection at a time, lost, back over another, and bid farewell.

A session outlives its connections, each of which has a TaskGroup of its own (`connection.py`) in the task of
whoever brought it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from voice_server.ports import Farewell, Link, Opened, Pinged, Ponged, Resumed
from voice_server.runtime.connection import Connection
from voice_server.runtime.ending import Ending
from voice_server.runtime.inbound import Acked, Alive, Inbound
from voice_server.runtime.options import Returning
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.peer_clock import RoundTrip
from voice_server.runtime.reception import Reception
from voice_server.runtime.tokens import Tokens, hashed

AT_ONCE = (None, Farewell.FAILED, Farewell.TAKEN_OVER)
"""Farewells after which nothing more is sent."""


class Attendance:
    """At one session. `connect` makes a connection of a link."""

    def __init__(
        self,
        opened: Opened,
        outbox: Outbox,
        reception: Reception,
        ending: Ending,
        connect: Callable[[Link], Connection],
    ) -> None:
        self.tokens = Tokens(hashed(opened.token))
        """Those that it may come back with."""
        self.open = asyncio.Event()
        """Set when connections may be served; until then they wait."""
        self._session = opened.session
        self._outbox = outbox
        self._reception = reception
        self._ending = ending
        self._connect = connect
        self._connection: Connection | None = None
        self._changed = asyncio.Event()

    @property
    def present(self) -> bool:
        """Whether the client is there."""
        return self._connection is not None

    @property
    def round_trip(self) -> RoundTrip | None:
        """How far the client is, and what its clock shows; None where nobody is there or has answered."""
        return self._connection.peer_clock.best if self._connection else None

    async def serve(
        self, link: Link, inbound: AsyncIterator[Inbound], returning: Returning | None = None
    ) -> None:
        """One connection, until it is lost, given up or taken over, or the session is over."""
        connection = self._connect(link)
        if returning:
            self._take_over(connection, returning)
        self._connection = connection
        self._changed.set()
        try:
            await self.open.wait()
            await connection.run(inbound, self._take)
        except* Exception:
            self._ending.fail()
            await link.close(Farewell.FAILED)
        finally:
            if self._connection is connection:
                self._connection = None
                self._lost(connection)
            self._changed.set()

    async def hang_up(self) -> None:
        """The session is over: send what is left, and return when the client is gone."""
        self._outbox.finish(self._ending.farewell)
        while self._connection:
            if self._ending.farewell in AT_ONCE:
                self._connection.part(self._ending.farewell)
            self._connection.only_send()
            self._changed.clear()
            await self._changed.wait()

    def _lost(self, connection: Connection) -> None:
        """The session has no client any more."""
        self._ending.client_left(connection.farewell)
        if not self._ending.over:
            self._reception.client_left()

    def _take_over(self, connection: Connection, returning: Returning) -> None:
        """The client is back: here, whatever became of where it was."""
        former, self._connection = self._connection, connection
        if former:
            former.part(Farewell.TAKEN_OVER)
            self._reception.client_left()
        self._ending.client_back()
        self._outbox.go_back(returning.last_seq)
        response, position = self._reception.client_back(returning)
        resumed = Resumed(self._session, returning.token, returning.last_seq + 1, response, position)
        connection.greet(resumed, returning.last_seq)

    async def _take(self, item: Inbound) -> None:
        match item:
            case Acked(seq):
                self._outbox.acked(seq)
                self.tokens.settle()
            case Pinged(t):
                self._outbox.put(Ponged(t))
            case Ponged() | Alive():
                pass  # they are about the connection
            case _:
                await self._reception.take(item)
