"""`voice.v1` on a call: the first message opens the session, as on a WebSocket."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace

from voice_server.core.policy import SessionConfig
from voice_server.errors import BusyError, ProtocolError
from voice_server.protocol.client_messages import SessionResume
from voice_server.protocol.codec import encode, fatal, first_message
from voice_server.protocol.codes import CloseCode, ErrorCode
from voice_server.protocol.configuring import merge
from voice_server.protocol.mapping import error_of
from voice_server.protocol.server_messages import Error
from voice_server.runtime.options import Returning
from voice_server.runtime.session import SessionRunner
from voice_server.runtime.sessions import Sessions
from voice_server.transports.native import Terms, check_voice, resume
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.link import CallLink, closing, inbound
from voice_server.transports.webrtc.mailbox import Sound
from voice_server.transports.webrtc.peer import Peer


@dataclass(frozen=True, slots=True)
class _Visit:
    """A call that has become one of a session's; `link` and `returning` where that is not new."""

    runner: SessionRunner
    link: CallLink | None = None
    returning: Returning | None = None


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
            await _refuse(peer, _busy(busy), CloseCode.BUSY)
        else:
            async with aclosing(inbound(peer, visit.runner)) as items:
                await self._sessions.run(visit.runner, items, visit.link, visit.returning)

    async def _open(self, peer: Peer) -> _Visit:
        message = first_message(await self._first_text(peer))
        if isinstance(message, SessionResume):
            runner, returning = await resume(self._sessions, message)
            return _Visit(runner, self._link(peer, runner.config), returning)
        try:
            config = at_rtp_rate(merge(self._sessions.default_config, message.config))
            check_voice(config, self._sessions.voices, message.type)
        except ProtocolError as problem:
            raise fatal(problem, CloseCode.BAD_MESSAGE) from None
        link = self._link(peer, config)
        return _Visit(self._sessions.open(config, link, capture=message.capture, lasting=True))

    def _link(self, peer: Peer, config: SessionConfig) -> CallLink:
        return CallLink(peer, config.output_rate_hz, self._terms)

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


def _busy(busy: BusyError) -> Error:
    return Error(code=ErrorCode.BUSY, message=str(busy), fatal=True, retry_after_ms=busy.retry_after_ms)
