"""The wire beneath the client: text and bytes, both ways, over a WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Subprotocol

from voice_server.errors import LinkError
from voice_server.loopback import is_loopback

SUBPROTOCOL = "voice.v1"
OPEN_TIMEOUT_S = 10.0
MAX_MESSAGE_BYTES = 1 << 20
NORMAL_CLOSE = 1000

CLOSE_MEANINGS = {
    NORMAL_CLOSE: "the server ended the session",
    1012: "the server is restarting; come back",
    4400: "the server did not understand a message of ours",
    4401: "the server wants a key, or does not accept this one",
    4404: "the server does not know that session",
    4408: "the server missed our heartbeat, or we read too slowly",
    4409: "another connection took the session over",
    4413: "a message of ours was too large, or we sent too much at once",
    4429: "the server is busy",
    4500: "the server failed inside",
}


class Link(Protocol):
    """One open connection. `receive` may be cancelled without loss; sends may overlap with it."""

    async def send(self, data: str | bytes) -> None:
        """Send one message. Raises LinkError when the connection is closed."""

    async def receive(self) -> str | bytes:
        """The next message. Raises LinkError, with the close code, when the connection is closed."""

    async def close(self, code: int = NORMAL_CLOSE, reason: str = "") -> None:
        """Close; the other end learns why. Closing twice does no harm."""

    def drop(self) -> None:
        """Let go at once, without a word, of a peer that may be dead."""


def closed(code: int | None, reason: str) -> LinkError:
    """What a close code means, as an error with a sentence."""
    meaning = CLOSE_MEANINGS.get(code or 0, f"the connection was lost (code {code})")
    return LinkError(f"{meaning}: {reason}" if reason else meaning, close_code=code)


class WebSocketLink:
    """A link over `websockets`; either end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, data: str | bytes) -> None:
        try:
            await self._connection.send(data)
        except ConnectionClosed as error:
            raise _as_link_error(error) from error

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise _as_link_error(error) from error

    async def close(self, code: int = NORMAL_CLOSE, reason: str = "") -> None:
        await self._connection.close(code, reason)

    def drop(self) -> None:
        self._connection.transport.abort()


@asynccontextmanager
async def open_link(url: str, key: str | None = None) -> AsyncIterator[Link]:
    """Connect to the `ws://` or `wss://` address of a server. Raises LinkError when that fails."""
    link = await connected(url, key)
    try:
        yield link
    finally:
        await link.close()


async def connected(url: str, key: str | None = None) -> Link:
    """The same, for whoever closes it by hand."""
    return WebSocketLink(await _connect(url, key))


async def _connect(url: str, key: str | None) -> ClientConnection:
    try:
        return await connect(
            url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {key}"} if key else None,
            compression=None,
            open_timeout=OPEN_TIMEOUT_S,
            ping_interval=None,  # voice.v1 has its own heartbeat
            max_size=MAX_MESSAGE_BYTES,
            proxy=None if is_loopback(url) else True,
        )
    except InvalidURI as error:
        raise LinkError(f"{url!r} is no address like ws://HOST:PORT/v1/voice") from error
    except InvalidStatus as error:
        raise LinkError(_refusal(url, error.response.status_code)) from error
    except (InvalidHandshake, OSError, TimeoutError) as error:
        raise LinkError(f"no voice server answers at {url}: {error or 'it timed out'}") from error


def _refusal(url: str, status: int) -> str:
    reasons = {401: "it wants a key, or does not accept this one", 403: "it does not let us in"}
    reasons |= {404: "there is no voice session at that path", 503: "it is not ready"}
    return f"{url} refused the connection: {reasons.get(status, 'for an unknown reason')} (HTTP {status})"


def _as_link_error(error: ConnectionClosed) -> LinkError:
    return closed(error.rcvd.code, error.rcvd.reason) if error.rcvd else closed(None, str(error))
