"""The server process: a socket, the models, the application, and a line that says where it listens."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from voice_server.app import create_app, load_models
from voice_server.errors import ConfigurationError
from voice_server.protocol.limits import MAX_MESSAGE_BYTES
from voice_server.runtime.sessions import Sessions
from voice_server.settings import Settings, load

READ_LIMIT_BYTES = 16 * MAX_MESSAGE_BYTES
"""What is longer than a message may be is still read up to here, so that it can be refused by name."""

SEND_BUFFER_BYTES = 32 * 1024
"""The kernel's, for each connection: left to itself it takes megabytes, minutes of audio unread."""

FAREWELL_S = 2.0
"""When the server goes, its clients are told first; it waits no longer for their sessions to end."""


def run(host: str | None, port: int | None, config: Path | None) -> None:
    """Serve until told to stop. Raises ConfigurationError where that cannot begin."""
    settings = load(config, **{k: v for k, v in {"host": host, "port": port}.items() if v is not None})
    with _listen(settings) as listener:
        app = create_app(settings, load_models(settings))
        make_server(app, app.state.sessions).run(sockets=[listener])


def make_server(app: object, sessions: Sessions) -> uvicorn.Server:
    """The server of this application, set up as the protocol wants it."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        ws=_Connection,
        ws_max_size=READ_LIMIT_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=None,  # the protocol has its own heartbeat
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    return _Server(config, sessions)


class _Connection(WebSocketsSansIOProtocol):
    """Lets go of a client that does not read even its farewell."""

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(FAREWELL_S, self.transport.abort)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, sessions: Sessions) -> None:
        super().__init__(config)
        self._sessions = sessions

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
        self._sessions.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._sessions.emptied()
        await super().shutdown(sockets)


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.server.host, settings.server.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            "name another port with --port, or stop what is using it"
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return listener


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
