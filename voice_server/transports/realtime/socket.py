"""A WebSocket of the Realtime API: text and binary frames in, events out, and how it is closed."""

from __future__ import annotations

from fastapi import WebSocket, WebSocketDisconnect

from voice_server.ports import Farewell
from voice_server.transports import websocket

CLOSE_CODES = {
    Farewell.ENDED: 1000,
    Farewell.TOO_LARGE: 1009,
    Farewell.RESTARTING: 1012,
    Farewell.UNRESPONSIVE: 1008,
    Farewell.TAKEN_OVER: 1008,
    Farewell.FAILED: 1011,
}
"""Those of RFC 6455: OpenAI's client comes back by itself after 1011 and 1012, if it is told to."""

hang_up = websocket.hang_up
FAREWELL_S = websocket.FAREWELL_S


class EventSocket:
    """Fits `talk.Wire`."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def say(self, text: str) -> None:
        """One event. Raises ConnectionError when the client is gone."""
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("the client is gone") from error

    async def close(self, farewell: Farewell) -> None:
        """Hang up with the code that says why."""
        await hang_up(self._socket, CLOSE_CODES[farewell], farewell.value)


async def receive(socket: WebSocket) -> str | bytes:
    """The next frame. Raises WebSocketDisconnect."""
    frame = await socket.receive()
    if frame["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(frame.get("code", 1006))
    text: str | None = frame.get("text")
    data: bytes = frame.get("bytes") or b""
    return data if text is None else text
