"""`/v1/realtime`: the OpenAI Realtime API over a WebSocket, from the handshake to the close."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import Response

from voice_server.core.events import SessionEnding
from voice_server.errors import BusyError
from voice_server.protocol.realtime.reading import Rest
from voice_server.protocol.realtime.session_settings import Settings, transcribing
from voice_server.runtime.inbound import Acked, Alive, Inbound
from voice_server.runtime.session import SessionRunner
from voice_server.transports.keys import bearer
from voice_server.transports.realtime.client_secrets import refusal
from voice_server.transports.realtime.front import Front
from voice_server.transports.realtime.sideband import Sideband
from voice_server.transports.realtime.socket import EventSocket, hang_up, receive
from voice_server.transports.realtime.talk import RealtimeLink, meant_by_portions

PATHS = ("/v1/realtime", "/v1//realtime")
"""Some clients join base and path with two slashes."""
MAX_EVENT_BYTES = 16 * 1024 * 1024
"""One event of a client, as UTF-8: 15 MiB of sound, as OpenAI takes it, and what is around it."""
SUBPROTOCOL = "realtime"
KEY_PREFIX = "openai-insecure-api-key."
TRY_AGAIN_LATER = 1013
ACK_EVERY = 50
"""So many messages later what was sent is forgotten: a Realtime client cannot come back for it."""


class RealtimeEndpoint:
    """Everything one connection needs to become a session, or to listen in on one."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        for path in PATHS:
            router.add_api_websocket_route(path, self.serve)
        return router

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from the handshake to its close."""
        began_s, observer = time.monotonic(), self._front.sessions.observer
        observer.connected()
        try:
            await self._serve(socket)
        finally:
            observer.disconnected(round((time.monotonic() - began_s) * 1000))

    async def _serve(self, socket: WebSocket) -> None:
        offered: list[str] = socket.scope.get("subprotocols", [])
        settings = self._admitted(socket, offered)
        if settings is None:
            self._front.sessions.observer.refused("invalid_api_key")
            return await _deny(socket, refusal(401, "invalid_api_key", "Incorrect API key provided."))
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in offered else None
        if call := socket.query_params.get("call_id"):
            return await self._listen_in(socket, call, subprotocol)
        if socket.query_params.get("intent") == "transcription":
            settings = transcribing(settings)
        if model := socket.query_params.get("model"):
            settings = replace(settings, model=model)
        await self._talk(socket, settings, subprotocol)

    def _admitted(self, socket: WebSocket, offered: list[str]) -> Settings | None:
        """The settings that a caller begins with; None for one who may not come in."""
        given = [name.removeprefix(KEY_PREFIX) for name in offered if name.startswith(KEY_PREFIX)]
        given += bearer(socket.headers.get("authorization", ""))
        return self._front.admitted(given)

    async def _talk(self, socket: WebSocket, settings: Settings, subprotocol: str | None) -> None:
        front = self._front
        codec, config = front.codec(settings, in_band=True)
        link = RealtimeLink(codec, EventSocket(socket))
        if not front.sessions.admitting:
            front.sessions.observer.refused("busy")
            return await _deny(socket, refusal(503, "server_busy", "The server takes no more sessions now."))
        await socket.accept(subprotocol)
        try:
            runner = front.sessions.open(config, link)
        except BusyError as busy:  # another was quicker
            return await hang_up(socket, TRY_AGAIN_LATER, str(busy))
        with front.lines.open(runner.id, runner, link):
            async with aclosing(self._inbound(socket, runner, link)) as inbound:
                await front.sessions.run(runner, inbound)

    async def _inbound(
        self, socket: WebSocket, runner: SessionRunner, link: RealtimeLink
    ) -> AsyncGenerator[Inbound, None]:
        """What comes in. Many clients are silent for long, and none answers our pings: TCP has to notice."""
        forgotten = 0
        with suppress(WebSocketDisconnect):
            while True:
                try:
                    async with asyncio.timeout(self._front.heartbeat_ms / 1000):
                        data = await receive(socket)
                except TimeoutError:
                    yield Alive()
                    continue
                for item in meant_by_portions(data, link.codec, runner.watch):
                    if isinstance(item, Rest):
                        await asyncio.sleep(0)
                    else:
                        yield item
                if link.last_seq - forgotten > ACK_EVERY:
                    forgotten = link.last_seq
                    yield Acked(forgotten)
        yield SessionEnding("disconnected")

    async def _listen_in(self, socket: WebSocket, call: str, subprotocol: str | None) -> None:
        line = self._front.lines.find(call)
        if line is None:
            return await _deny(socket, refusal(404, "call_id_not_found", f"No call with id '{call}'."))
        await socket.accept(subprotocol)
        await Sideband(socket, line).run()


async def _deny(socket: WebSocket, response: Response) -> None:
    """Before the handshake is over: an HTTP answer that says why."""
    await socket.send_denial_response(response)
