"""Who may come in: who shows one of the server's keys."""

from __future__ import annotations

import hmac
from collections.abc import Iterable


def bearer(authorization: str) -> list[str]:
    """The key in an `Authorization: Bearer KEY`, if there is one."""
    scheme, _, key = authorization.partition(" ")
    return [key] if scheme.lower() == "bearer" else []


def knows(keys: Iterable[str], given: Iterable[str]) -> bool:
    """Whether one of those given is a key; without keys, everybody may come."""
    known = [key.encode() for key in keys]
    matches = [hmac.compare_digest(shown.encode(), key) for shown in given for key in known]
    return not known or any(matches)
