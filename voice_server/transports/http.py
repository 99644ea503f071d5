"""What is not a conversation: health, readiness, numbers, and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from voice_server.core.conversation import Message
from voice_server.runtime.peer_clock import RoundTrip
from voice_server.runtime.sessions import Sessions
from voice_server.session_store import StoreError
from voice_server.transports.keys import bearer, knows

NO_SESSION = "no such session"


def health_routes(sessions: Sessions) -> APIRouter:
    """`/healthz`: the process is alive. `/readyz`: it takes sessions."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, str | int]:
        response.status_code = 200 if sessions.admitting else 503
        status = "ready" if sessions.admitting else "busy"
        store = "ready" if await sessions.store_ready() else "away"
        return {"status": status, "sessions": len(sessions), "store": store}

    return router


class SessionRoutes:
    """`/v1/sessions/ID`: what was said in it, and its end. With a key, where the server has keys."""

    def __init__(self, sessions: Sessions, keys: tuple[str, ...]) -> None:
        self._sessions = sessions
        self._keys = keys

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/v1/sessions", dependencies=[Depends(self._check)])
        router.add_api_route("/{session}", self.history, methods=["GET"])
        router.add_api_route("/{session}", self.delete, methods=["DELETE"], status_code=204)
        return router

    async def history(self, session: str) -> dict[str, Any]:
        """What was said, and how far the client is."""
        with _store_needed():
            said = await self._sessions.find(session)
        if said is None:
            raise HTTPException(404, NO_SESSION)
        connection = self._sessions.round_trip(session)
        return {
            "session": session,
            "messages": [_shown(message) for message in said],
            "connection": _distance(connection) if connection else None,
        }

    async def delete(self, session: str) -> None:
        """It ends, and is forgotten."""
        with _store_needed():
            found = await self._sessions.delete(session)
        if not found:
            raise HTTPException(404, NO_SESSION)

    def _check(self, request: Request) -> None:
        if not knows(self._keys, bearer(request.headers.get("authorization", ""))):
            raise HTTPException(401, "this server needs a key: Authorization: Bearer KEY")


@contextmanager
def _store_needed() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise HTTPException(503, f"the session store is away: {error}") from error


def _distance(connection: RoundTrip) -> dict[str, int | None]:
    return {"rtt_ms": connection.rtt_ms, "clock_offset_ms": connection.offset_ms}


def _shown(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": message.content}


def metrics_route(exposition: Callable[[], bytes], content_type: str) -> APIRouter:
    """`/metrics`: numbers for Prometheus."""
    router = APIRouter()

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(), media_type=content_type)

    return router


class Page(StaticFiles):
    """The files of a directory, `index.html` first."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket that nobody else wanted knocks at the wrong door."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await super().__call__(scope, receive, send)


def page(directory: Path) -> Page:
    """The web client."""
    return Page(directory=directory, html=True)
