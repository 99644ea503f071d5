"""Runs the application under uvicorn, and says in one line where it listens."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn

from voice_server.app import create_app
from voice_server.errors import ConfigurationError
from voice_server.protocol.limits import MAX_MESSAGE_BYTES
from voice_server.settings import Settings, load

READ_LIMIT_BYTES = 16 * MAX_MESSAGE_BYTES
"""What is longer than a message may be is still read up to here, so that it can be refused by name."""


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"listening on http://{_bracketed(host)}:{port}", flush=True)


def run(host: str | None, port: int | None, config: Path | None) -> None:
    """Serve until told to stop. Raises ConfigurationError where that cannot begin."""
    settings = load(config, **{k: v for k, v in {"host": host, "port": port}.items() if v is not None})
    listener = _listen(settings)
    server = _Server(
        uvicorn.Config(
            create_app(settings),
            ws="websockets-sansio",
            ws_max_size=READ_LIMIT_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=None,  # the protocol has its own heartbeat
            log_level="warning",
            timeout_graceful_shutdown=5,
        )
    )
    server.run(sockets=[listener])


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.server.host, settings.server.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            "name another port with --port, or stop what is using it"
        ) from error


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
