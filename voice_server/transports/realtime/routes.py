"""Everything of the Realtime API that needs no WebRTC, as routes."""

from __future__ import annotations

from fastapi import APIRouter

from voice_server.transports.realtime.client_secrets import SecretRoutes
from voice_server.transports.realtime.endpoint import RealtimeEndpoint
from voice_server.transports.realtime.front import Front


def realtime_routes(front: Front) -> APIRouter:
    """`/v1/realtime` and `/v1/realtime/client_secrets`."""
    router = APIRouter()
    router.include_router(RealtimeEndpoint(front).router())
    router.include_router(SecretRoutes(front.secrets, front.keys, front.settings()).router())
    return router
