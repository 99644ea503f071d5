"""Every call of the process: from the offer to the end. A dialect says what is spoken on it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voice_server.core.events import SessionEnding
from voice_server.errors import BusyError
from voice_server.transports.webrtc.ice import IceOptions
from voice_server.transports.webrtc.offers import Offer, OfferError
from voice_server.transports.webrtc.peer import Peer

RETRY_AFTER_MS = 5_000


class Dialect(Protocol):
    """What is spoken on a call."""

    @property
    def label(self) -> str:
        """The data channel's."""

    async def converse(self, peer: Peer, call: str) -> None:
        """From the open data channel to the end of the session. `call` is the call's id.

        The call is closed afterwards, whatever happens.
        """


@dataclass(eq=False, slots=True)
class Call:
    """One call."""

    id: str
    peer: Peer
    dialect: Dialect
    ice_username: str
    """The client's, as it last offered: with another, ICE begins anew."""


class Calls:
    """The registry. `room` says how many calls may be, those that have no session yet included."""

    def __init__(self, ice: IceOptions, room: Callable[[], int], start_timeout_s: float) -> None:
        self._ice = ice
        self._room = room
        self._start_timeout_s = start_timeout_s
        self._calls: dict[str, Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def find(self, call: str) -> Call | None:
        """The call with this id, unless it is over."""
        return self._calls.get(call)

    async def begin(self, offer: Offer, dialect: Dialect) -> tuple[Call, str]:
        """A new call and the SDP that answers its offer; to be followed by `serve`.

        Raises OfferError, and BusyError when there is no room.
        """
        if len(self) >= self._room():
            raise BusyError("all places are taken; try again later", RETRY_AFTER_MS)
        peer = Peer(dialect.label, self._ice)
        call = Call(f"rtc_{secrets.token_urlsafe(18)}", peer, dialect, offer.ice_username)
        self._calls[call.id] = call
        try:
            return call, await call.peer.answer(offer)
        except ConnectionError as error:
            await self._end(call)
            raise BusyError(f"{error}; try again later", RETRY_AFTER_MS) from error
        except BaseException:
            await self._end(call)
            raise

    async def serve(self, call: Call) -> None:
        """Hold the call until it is over. A client that does not come in time is not waited for."""
        try:
            async with asyncio.timeout(self._start_timeout_s):
                await call.peer.opened()
            await call.dialect.converse(call.peer, call.id)
        except (ConnectionError, TimeoutError):
            return  # it never came
        finally:
            await self._end(call)

    async def renegotiate(self, call: Call, offer: Offer) -> tuple[str, bool]:
        """The answer to another offer, and whether ICE is to begin anew: then `peer.reconnect` follows.

        Raises OfferError; the call is then as it was, or over.
        """
        if offer.ice_username == call.ice_username:
            return await call.peer.answer(offer), False
        try:
            answer = await call.peer.restart(offer)
        except OfferError:
            await self._end(call)
            raise
        call.ice_username = offer.ice_username
        return answer, True

    def hang_up(self, call: Call) -> None:
        """End the call and its session, with the farewell that a session gives."""
        call.peer.mailbox.put(SessionEnding("hung_up"))

    def dismiss(self) -> None:
        """The server goes, and the sessions have ended: what has none yet is over, too."""
        for call in self._calls.values():
            call.peer.dismiss()

    async def _end(self, call: Call) -> None:
        self._calls.pop(call.id, None)
        await call.peer.close()
