"""`/v1/voice`: the native protocol over a WebSocket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from voice_server.core.commands import Fact
from voice_server.core.events import SessionEnding
from voice_server.core.policy import SessionConfig
from voice_server.errors import BusyError, ProtocolError
from voice_server.ports import AudioFrame, Farewell, Notice
from voice_server.protocol.codec import encode, first_message
from voice_server.protocol.codes import CloseCode, ErrorCode
from voice_server.protocol.frames import encode_audio
from voice_server.protocol.mapping import error_of
from voice_server.protocol.server_messages import Error
from voice_server.runtime.inbound import Inbound
from voice_server.runtime.session import SessionRunner
from voice_server.runtime.sessions import Sessions
from voice_server.transports.keys import bearer, knows
from voice_server.transports.native import CLOSE_CODES, Terms, read, told
from voice_server.transports.visits import Visit, busy_error, visited

SUBPROTOCOL = "voice.v1"
KEY_PREFIX = "voice.key."
REASON_BYTES = 123
"""A close frame holds no longer reason (RFC 6455, 5.5)."""
FAREWELL_S = 1.0
"""A client that does not read its farewell within this time does without."""


class WebSocketLink:
    """Fits `ports.Link`."""

    def __init__(self, socket: WebSocket, output_rate_hz: int, terms: Terms) -> None:
        self._socket = socket
        self._rate_hz = output_rate_hz
        self._terms = terms

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> tuple[str]:
        """One text frame."""
        message = told(item, self._rate_hz, seq, t_ms, self._terms)
        try:
            await self._socket.send_text(message)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("the client is gone") from error
        return (message,)

    async def send_audio(self, frame: AudioFrame) -> tuple[()]:
        """One binary frame."""
        try:
            await self._socket.send_bytes(encode_audio(frame.response, frame.position, frame.last, frame.pcm))
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("the client is gone") from error
        return ()

    async def close(self, farewell: Farewell) -> None:
        """Hang up with the code that says why."""
        await hang_up(self._socket, CLOSE_CODES[farewell], farewell.value)


class VoiceEndpoint:
    """Everything one connection needs to become a session."""

    def __init__(
        self, sessions: Sessions, keys: tuple[str, ...], terms: Terms, start_timeout_s: float
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._terms = terms
        self._start_timeout_s = start_timeout_s

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter()
        router.add_api_websocket_route("/v1/voice", self.serve)
        return router

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from the handshake to its close."""
        began_s = time.monotonic()
        self._sessions.observer.connected()
        try:
            await self._serve(socket)
        finally:
            self._sessions.observer.disconnected(round((time.monotonic() - began_s) * 1000))

    async def _serve(self, socket: WebSocket) -> None:
        offered: list[str] = socket.scope.get("subprotocols", [])
        await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        try:
            self._authorise(socket, offered)
            visit = await self._open(socket)
        except ProtocolError as problem:
            self._sessions.observer.refused(problem.code)
            await _refuse(socket, error_of(problem), problem.close_code)
        except BusyError as busy:
            self._sessions.observer.refused(ErrorCode.BUSY)
            await _refuse(socket, busy_error(busy), CloseCode.BUSY)
        except WebSocketDisconnect:
            return  # gone before it began
        else:
            async with aclosing(_inbound(socket, visit.runner)) as inbound:
                await self._sessions.run(visit.runner, inbound, visit.link, visit.returning)

    def _authorise(self, socket: WebSocket, offered: list[str]) -> None:
        given = [name.removeprefix(KEY_PREFIX) for name in offered if name.startswith(KEY_PREFIX)]
        if not knows(self._keys, given + bearer(socket.headers.get("authorization", ""))):
            raise ProtocolError(
                ErrorCode.UNAUTHORISED,
                "this server needs a key: `Authorization: Bearer KEY`, or the subprotocol `voice.key.KEY`",
                close_code=CloseCode.UNAUTHORISED,
            )

    async def _open(self, socket: WebSocket) -> Visit:
        def linked(config: SessionConfig) -> WebSocketLink:
            return WebSocketLink(socket, config.output_rate_hz, self._terms)

        return await visited(self._sessions, first_message(await self._first_frame(socket)), linked)

    async def _first_frame(self, socket: WebSocket) -> str | bytes:
        try:
            async with asyncio.timeout(self._start_timeout_s):
                return await _receive(socket)
        except TimeoutError:
            raise ProtocolError(
                ErrorCode.BAD_MESSAGE,
                f"no session.start came within {self._start_timeout_s:g} s",
                close_code=CloseCode.BAD_MESSAGE,
            ) from None


async def hang_up(socket: WebSocket, code: int, reason: str) -> None:
    """Close, if there is still somebody to tell."""
    try:
        async with asyncio.timeout(FAREWELL_S):
            await socket.close(code, reason.encode()[:REASON_BYTES].decode(errors="ignore"))
    except (WebSocketDisconnect, RuntimeError, TimeoutError):
        return  # it is gone, or as good as gone


async def _inbound(socket: WebSocket, runner: SessionRunner) -> AsyncGenerator[Inbound, None]:
    try:
        while True:
            yield read(await _receive(socket), runner)
    except WebSocketDisconnect as gone:
        if gone.code == CloseCode.NORMAL:  # as good as session.end: whoever wants to come back says 1001
            yield SessionEnding("client")


async def _receive(socket: WebSocket) -> str | bytes:
    frame = await socket.receive()
    if frame["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(frame.get("code", 1006))
    text: str | None = frame.get("text")
    data: bytes = frame.get("bytes") or b""
    return data if text is None else text


async def _refuse(socket: WebSocket, error: Error, close_code: int | None) -> None:
    try:
        await socket.send_text(encode(error, 1, 0))
    except (WebSocketDisconnect, RuntimeError):
        return  # it did not wait for the answer
    await hang_up(socket, close_code or CloseCode.INTERNAL, error.message)
