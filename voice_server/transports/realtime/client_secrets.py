"""`POST /v1/realtime/client_secrets`: short-lived keys for browsers, each with the session that it begins."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from voice_server.errors import ProtocolError
from voice_server.protocol.realtime.frames import error
from voice_server.protocol.realtime.parsing import INVALID_VALUE, parse_session
from voice_server.protocol.realtime.session_patch import SessionPatch
from voice_server.protocol.realtime.session_settings import Settings, merged, shown
from voice_server.transports.keys import bearer, knows

PREFIX = "ek_"
MAX_SECRETS = 10_000
"""The oldest are forgotten."""
MAX_BODY_BYTES = 256 * 1024


class ExpiresAfter(BaseModel):
    """When the secret ends. Limits and default as documented by OpenAI."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7_200)] = 600


class Wanted(BaseModel):
    """What is asked for."""

    expires_after: ExpiresAfter = ExpiresAfter()
    session: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Secret:
    """What a secret opens."""

    session: SessionPatch
    expires_at: int


class ClientSecrets:
    """Those that were given out, by their hashes. `now_s`: seconds since 1970."""

    def __init__(self, now_s: Callable[[], int]) -> None:
        self._now_s = now_s
        self._secrets: dict[bytes, Secret] = {}

    def give(self, session: SessionPatch, seconds: int) -> tuple[str, int]:
        """A new secret, and when it ends."""
        value = PREFIX + secrets.token_urlsafe(24)
        self._forget()
        expires_at = self._now_s() + seconds
        self._secrets[_hashed(value)] = Secret(session, expires_at)
        return value, expires_at

    def find(self, value: str) -> Secret | None:
        """What it opens, if it is one that has not ended. It may be used again."""
        secret = self._secrets.get(_hashed(value))
        return secret if secret and secret.expires_at > self._now_s() else None

    def _forget(self) -> None:
        now_s = self._now_s()
        for value in [value for value, secret in self._secrets.items() if secret.expires_at <= now_s]:
            del self._secrets[value]
        while len(self._secrets) >= MAX_SECRETS:
            del self._secrets[next(iter(self._secrets))]


class SecretRoutes:
    """The HTTP side."""

    def __init__(self, given: ClientSecrets, keys: tuple[str, ...], settings: Settings) -> None:
        self._given = given
        self._keys = keys
        self._settings = settings

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter()
        router.add_api_route("/v1/realtime/client_secrets", self.create, methods=["POST"])
        return router

    async def create(self, request: Request) -> Response:
        """200 and the secret, with the session that it begins, resolved."""
        if not knows(self._keys, bearer(request.headers.get("authorization", ""))):
            return refusal(401, "invalid_api_key", "Incorrect API key provided.")
        try:
            wanted = _wanted(await _body(request))
            patch = parse_session({"type": "realtime", **wanted.session})
        except ProtocolError as problem:
            return JSONResponse({"error": error(problem)["error"]}, 400)
        value, expires_at = self._given.give(patch, wanted.expires_after.seconds)
        session = shown(merged(self._settings, patch), f"sess_{secrets.token_urlsafe(9)}")
        return JSONResponse({"value": value, "expires_at": expires_at, "session": session})


def refusal(status: int, code: str, message: str) -> Response:
    """An HTTP answer in the API's own words."""
    return JSONResponse({"error": error(ProtocolError(code, message))["error"]}, status)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ProtocolError(INVALID_VALUE, f"The body has more than {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _wanted(body: bytes) -> Wanted:
    try:
        return Wanted.model_validate(json.loads(body or b"{}"))
    except ValidationError as problem:
        details = problem.errors(include_url=False)[0]
        param = ".".join(map(str, details["loc"])) or None
        raise ProtocolError(INVALID_VALUE, f"{details['msg']}.", field=param) from None
    except (ValueError, RecursionError):
        raise ProtocolError(INVALID_VALUE, "The body is not JSON.") from None


def _hashed(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
