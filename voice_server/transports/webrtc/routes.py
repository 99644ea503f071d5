"""`/v1/voice/calls`: offers in, answers out, new offers, and hanging up."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from voice_server.errors import BusyError, VoiceServerError
from voice_server.transports.keys import bearer, knows
from voice_server.transports.webrtc.calls import Call, Calls, Dialect
from voice_server.transports.webrtc.offers import MAX_OFFER_BYTES, OfferError, read_offer
from voice_server.transports.webrtc.rate_limit import RateLimit

SDP = "application/sdp"
EXPOSED = {"Access-Control-Expose-Headers": "Location"}


class RefusedError(VoiceServerError):
    """An HTTP answer that says what was wrong."""

    def __init__(self, status: int, code: str, message: str, retry_after_ms: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms

    def response(self) -> Response:
        """JSON for programs and people."""
        headers = {"Retry-After": str(-(-self.retry_after_ms // 1000))} if self.retry_after_ms else None
        error = {"code": self.code, "message": self.message}
        return JSONResponse({"error": error}, self.status, headers)


class CallRoutes:
    """The native dialect's HTTP side."""

    def __init__(self, calls: Calls, dialect: Dialect, keys: tuple[str, ...], limit: RateLimit) -> None:
        self._calls = calls
        self._dialect = dialect
        self._keys = keys
        self._limit = limit

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        router.add_api_route("/v1/voice/calls", self.create, methods=["POST"])
        router.add_api_route("/v1/voice/calls/{call}", self.renegotiate, methods=["PATCH"])
        router.add_api_route("/v1/voice/calls/{call}", self.hang_up, methods=["DELETE"])
        return router

    async def create(self, request: Request) -> Response:
        """An offer: 201, the answer, and where the call is. The call goes on when the answer has left."""
        try:
            check_rate(request, self._limit)
            self._check_key(request)
            offer = read_offer(await body_of(request))
            call, answer = await self._calls.begin(offer, self._dialect)
        except OfferError as problem:
            return RefusedError(400, problem.code, problem.message).response()
        except BusyError as busy:
            return RefusedError(503, "busy", str(busy), busy.retry_after_ms).response()
        except RefusedError as refusal:
            return refusal.response()
        headers = {"Location": f"/v1/voice/calls/{call.id}", **EXPOSED}
        return Response(answer, 201, headers, SDP, BackgroundTask(self._calls.serve, call))

    async def renegotiate(self, call: str, request: Request) -> Response:
        """Another offer of the same client, as after `restartIce()`: 200 and the answer."""
        try:
            return await renegotiated(self._calls, self._found(call, request), request)
        except OfferError as problem:
            return RefusedError(400, problem.code, problem.message).response()
        except RefusedError as refusal:
            return refusal.response()

    async def hang_up(self, call: str, request: Request) -> Response:
        """The call is over: 204."""
        try:
            self._calls.hang_up(self._found(call, request))
        except RefusedError as refusal:
            return refusal.response()
        return Response(status_code=204)

    def _found(self, call: str, request: Request) -> Call:
        self._check_key(request)
        if (found := self._calls.find(call)) is None:
            raise RefusedError(404, "no_call", "no such call, or it is over")
        return found

    def _check_key(self, request: Request) -> None:
        if not knows(self._keys, bearer(request.headers.get("authorization", ""))):
            raise RefusedError(401, "unauthorised", "this server needs a key: `Authorization: Bearer KEY`")


async def renegotiated(calls: Calls, call: Call, request: Request) -> Response:
    """The answer to another offer, after which ICE may begin anew. Raises OfferError, RefusedError."""
    offer = read_offer(await body_of(request))
    answer, anew = await calls.renegotiate(call, offer)
    after = BackgroundTask(call.peer.reconnect, offer) if anew else None
    return Response(answer, 200, None, SDP, after)


def check_rate(request: Request, limit: RateLimit) -> None:
    """Raises RefusedError where too many offers come from one address."""
    address = request.client.host if request.client else ""
    wait_ms = limit.retry_after_ms(address, time.monotonic_ns() // 1_000_000)
    if wait_ms:
        raise RefusedError(429, "too_many_offers", "too many offers from this address", wait_ms)


async def body_of(request: Request) -> str:
    """The SDP. Raises RefusedError for another type, for what is too long, and for what is no text."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != SDP:
        raise RefusedError(415, "wrong_type", f"expected Content-Type: {SDP}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_OFFER_BYTES:
            raise RefusedError(413, "too_large", f"an offer has at most {MAX_OFFER_BYTES} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise RefusedError(400, "bad_sdp", "the body is not UTF-8") from None
