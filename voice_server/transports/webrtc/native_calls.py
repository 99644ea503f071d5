"""`voice.v1` on a call: the first message opens the session, as on a WebSocket."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

from voice_server.core.policy import SessionConfig
from voice_server.errors import BusyError, ProtocolError
from voice_server.protocol.codec import encode, first_message
from voice_server.protocol.codes import CloseCode, ErrorCode
from voice_server.protocol.mapping import error_of
from voice_server.protocol.server_messages import Error
from voice_server.runtime.sessions import Sessions
from voice_server.transports.native import Terms
from voice_server.transports.visits import Visit, busy_error, visited
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.link import CallLink, closing, inbound
from voice_server.transports.webrtc.mailbox import Sound
from voice_server.transports.webrtc.peer import Peer


class NativeCalls:
    """Fits `calls.Dialect`."""

    label = "voice.v1"

    def __init__(self, sessions: Sessions, terms: Terms, start_timeout_s: float) -> None:
        self._sessions = sessions
        self._terms = terms
        self._start_timeout_s = start_timeout_s

    async def converse(self, peer: Peer, call: str) -> None:
        """Open the session that the first message asks for, and run it."""
        try:
            visit = await self._open(peer)
        except ProtocolError as problem:
            self._sessions.observer.refused(problem.code)
            await _refuse(peer, error_of(problem), problem.close_code)
        except BusyError as busy:
            self._sessions.observer.refused(ErrorCode.BUSY)
            await _refuse(peer, busy_error(busy), CloseCode.BUSY)
        else:
            async with aclosing(inbound(peer, visit.runner)) as items:
                await self._sessions.run(visit.runner, items, visit.link, visit.returning)

    async def _open(self, peer: Peer) -> Visit:
        def linked(config: SessionConfig) -> CallLink:
            return CallLink(peer, config.output_rate_hz, self._terms)

        message = first_message(await self._first_text(peer))
        return await visited(self._sessions, message, linked, at_rtp_rate)

    async def _first_text(self, peer: Peer) -> str | bytes:
        """Sound may come before it, and is not heard. Raises ConnectionError if the client leaves."""
        try:
            async with asyncio.timeout(self._start_timeout_s):
                while isinstance(mail := await peer.mailbox.take(), Sound):
                    pass
        except TimeoutError:
            why = f"no session.start came within {self._start_timeout_s:g} s"
            raise ProtocolError(ErrorCode.BAD_MESSAGE, why, close_code=CloseCode.BAD_MESSAGE) from None
        if not isinstance(mail, str | bytes):
            raise ConnectionError("hung up before it began")
        return mail


def at_rtp_rate(config: SessionConfig) -> SessionConfig:
    """A session on a call: its sound is at the rate of Opus' clock, whatever was asked for."""
    return replace(config, input_rate_hz=RATE_HZ, output_rate_hz=RATE_HZ)


async def _refuse(peer: Peer, error: Error, close_code: int | None) -> None:
    try:
        await peer.say(encode(error, 1, 0))
    except ConnectionError:
        return  # it did not wait for the answer
    await peer.part(closing(close_code or CloseCode.INTERNAL, error.message))
