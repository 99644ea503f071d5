"""What is not a conversation: health, readiness, numbers, and the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from voice_server.runtime.sessions import Sessions


def health_routes(sessions: Sessions) -> APIRouter:
    """`/healthz`: the process is alive. `/readyz`: it takes sessions."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, str | int]:
        response.status_code = 200 if sessions.admitting else 503
        return {"status": "ready" if sessions.admitting else "busy", "sessions": len(sessions)}

    return router


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
