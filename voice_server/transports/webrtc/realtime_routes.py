"""`/v1/realtime/calls`: as the Realtime API has it, with raw SDP or a form, new offers, and hanging up."""

from __future__ import annotations

import json
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from voice_server.errors import BusyError, ProtocolError
from voice_server.protocol.realtime.parsing import INVALID_VALUE, parse_session
from voice_server.protocol.realtime.session_settings import Settings, merged
from voice_server.transports.keys import bearer
from voice_server.transports.realtime.client_secrets import refusal
from voice_server.transports.realtime.front import Front
from voice_server.transports.webrtc.calls import Call, Calls
from voice_server.transports.webrtc.offers import MAX_OFFER_BYTES, OfferError, read_offer
from voice_server.transports.webrtc.rate_limit import RateLimit
from voice_server.transports.webrtc.realtime_calls import RealtimeCalls
from voice_server.transports.webrtc.routes import (
    EXPOSED,
    SDP,
    RefusedError,
    body_of,
    check_rate,
    renegotiated,
)

MAX_FORM_BYTES = 4 * MAX_OFFER_BYTES
"""An offer, and a session with its instructions and tools."""
REFUSALS = (OfferError, ProtocolError, BusyError, RefusedError)


class RealtimeCallRoutes:
    """The HTTP side. Some clients join base and path with two slashes."""

    def __init__(self, calls: Calls, front: Front, limit: RateLimit) -> None:
        self._calls = calls
        self._front = front
        self._limit = limit

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        for base in ("/v1/realtime/calls", "/v1//realtime/calls"):
            router.add_api_route(base, self.create, methods=["POST"])
            router.add_api_route(f"{base}/{{call}}/hangup", self.hang_up, methods=["POST"])
            router.add_api_route(f"{base}/{{call}}", self.renegotiate, methods=["PATCH"])
            router.add_api_route(f"{base}/{{call}}", self.hang_up, methods=["DELETE"])
        return router

    async def create(self, request: Request) -> Response:
        """An offer: 201, the answer, and where the call is. The call goes on when the answer has left."""
        try:
            check_rate(request, self._limit)
            sdp, settings = await self._asked(request)
            dialect = RealtimeCalls(self._front, settings)
            call, answer = await self._calls.begin(read_offer(sdp), dialect)
        except REFUSALS as problem:
            return _refused(problem)
        headers = {"Location": f"/v1/realtime/calls/{call.id}", **EXPOSED}
        return Response(answer, 201, headers, SDP, BackgroundTask(self._calls.serve, call))

    async def renegotiate(self, call: str, request: Request) -> Response:
        """Another offer of the same client, as after `restartIce()`: 200 and the answer. OpenAI has none."""
        try:
            return await renegotiated(self._calls, self._found(call, request), request)
        except REFUSALS as problem:
            return _refused(problem)

    async def hang_up(self, call: str, request: Request) -> Response:
        """The call is over: 200."""
        try:
            self._calls.hang_up(self._found(call, request))
        except RefusedError as problem:
            return _refused(problem)
        return Response(status_code=200)

    def _found(self, call: str, request: Request) -> Call:
        if self._settings(request) is None:
            raise RefusedError(401, "invalid_api_key", "Incorrect API key provided.")
        if (found := self._calls.find(call)) is None:
            raise RefusedError(404, "call_id_not_found", f"No call with id '{call}'.")
        return found

    def _settings(self, request: Request) -> Settings | None:
        return self._front.admitted(bearer(request.headers.get("authorization", "")))

    async def _asked(self, request: Request) -> tuple[str, Settings]:
        """The offer, and the settings to begin with."""
        settings = self._settings(request)
        if settings is None:
            raise RefusedError(401, "invalid_api_key", "Incorrect API key provided.")
        if model := request.query_params.get("model"):
            settings = replace(settings, model=model)
        content_type = request.headers.get("content-type", "")
        if not content_type.lower().startswith("multipart/form-data"):
            return await body_of(request), settings
        form = _form(content_type, await _read(request))
        if "sdp" not in form:
            raise ProtocolError(INVALID_VALUE, "The form has no part 'sdp'.", field="sdp")
        return form["sdp"], merged(settings, parse_session(_session(form.get("session", "{}"))))


def _refused(problem: OfferError | ProtocolError | BusyError | RefusedError) -> Response:
    match problem:
        case BusyError():
            return _told_to_wait(refusal(503, "server_busy", str(problem)), problem.retry_after_ms)
        case RefusedError():
            response = refusal(problem.status, problem.code, problem.message)
            return _told_to_wait(response, problem.retry_after_ms)
        case _:
            return refusal(400, problem.code, problem.message)


def _told_to_wait(response: Response, retry_after_ms: int) -> Response:
    if retry_after_ms:
        response.headers["Retry-After"] = str(-(-retry_after_ms // 1000))
    return response


def _session(text: str) -> dict[str, object]:
    try:
        session = json.loads(text)
    except (ValueError, RecursionError):
        session = None
    if not isinstance(session, dict):
        raise ProtocolError(INVALID_VALUE, "The part 'session' is not a JSON object.", field="session")
    return {"type": "realtime", **session}


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """The parts of a form by their names (RFC 7578): MIME, as mails are."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    form = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            form[name] = payload.decode("utf-8", "replace")
    return form


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise RefusedError(413, "too_large", f"a form has at most {MAX_FORM_BYTES} bytes")
    return bytes(body)
