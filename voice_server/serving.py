"""The server process: a socket, the models, the application, and a line that says where it listens."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from voice_server.app import Loaded, create_app, load_models
from voice_server.errors import ConfigurationError
from voice_server.protocol.limits import MAX_MESSAGE_BYTES
from voice_server.runtime.sessions import Sessions
from voice_server.settings import Settings, load
from voice_server.transports.realtime.endpoint import MAX_EVENT_BYTES, PATHS
from voice_server.transports.webrtc.calls import Calls

READ_LIMIT_BYTES = 32 * MAX_MESSAGE_BYTES
"""What is longer than a message may be is still read up to here, so that it can be refused by name."""

SEND_BUFFER_BYTES = 32 * 1024
"""The kernel's, for each connection: left to itself it takes megabytes, minutes of audio unread."""

KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""Seconds of silence, seconds between probes, and how many: a Realtime client has no heartbeat of its own, so
that TCP has to notice within a minute that it is gone. Connections inherit this from the listener."""

LINGER_S = 2.0
"""A connection that is over is cut after this time, whether or not its client has read to the end."""

FAREWELL_S = 2.0
"""When the server goes, its clients are told first; it waits no longer for their sessions to end."""


def run(host: str | None, port: int | None, config: Path | None, capture: Path | None = None) -> None:
    """Serve until told to stop. Raises ConfigurationError where that cannot begin."""
    server = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    settings = load(config, capture, **server)
    with bound(settings) as listener:
        app = _created(settings, load_models(settings))
        state, drain_ms = app.state, settings.session.drain_ms
        Server(server_config(app), state.sessions, state.calls, drain_ms).run(sockets=[listener])


def _created(settings: Settings, loaded: Loaded) -> Any:
    """The application, which ends the models; where there is none, they are ended here."""
    try:
        return create_app(settings, loaded)
    except BaseException:
        asyncio.run(loaded.close())
        raise


def server_config(app: Any) -> uvicorn.Config:
    """How an ASGI application is served: as the protocol wants it."""
    return uvicorn.Config(
        app,
        ws=_Connection,
        ws_max_size=READ_LIMIT_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=None,  # the protocol has its own heartbeat
        log_level="warning",
        log_config=None,  # its log is ours
        timeout_graceful_shutdown=1,
    )


class _Connection(WebSocketsSansIOProtocol):
    """Takes large frames where a protocol has them; lets go of a client that does not read its farewell."""

    async def send(self, message: ASGISendEvent) -> None:
        """A handshake that was refused with an HTTP answer is over: uvicorn would log a failure."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True

    async def run_asgi(self) -> None:
        if self.scope["path"] in PATHS:
            self.conn.max_message_size = MAX_EVENT_BYTES
        await super().run_asgi()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LINGER_S, self.transport.abort)


class Server(uvicorn.Server):
    """Tells where it listens; tells its clients before it goes."""

    def __init__(self, config: uvicorn.Config, sessions: Sessions, calls: Calls, drain_ms: int = 0) -> None:
        """`drain_ms`: so long what is being said may take to its end, when the server is told to stop."""
        super().__init__(config)
        self._sessions = sessions
        self._calls = calls
        self._drain_ms = drain_ms

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"listening on http://{_bracketed(host)}:{port}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """To be told to stop is no failure: unlike uvicorn's, the signal is not raised again at the end."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._sessions.drain(self._drain_ms)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_ms / 1000 + FAREWELL_S):
                await self._sessions.emptied()
        self._calls.dismiss()
        await super().shutdown(sockets)


def bound(settings: Settings) -> socket.socket:
    """A socket with our address, which refuses connections until somebody listens on it.

    So a proxy goes to another server while this one loads its models. Raises ConfigurationError.
    """
    host, port = settings.server.host, settings.server.port
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        why = str(error.strerror).partition(" (")[0]  # the address, once more, is in the brackets
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {why}; name another with --host or --port, or stop what uses it"
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if hasattr(socket, option):  # each system has some
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return listener


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
