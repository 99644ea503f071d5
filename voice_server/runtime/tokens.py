"""The secrets that let a client come back. Random, known only by their hashes, new with every return."""

from __future__ import annotations

import hashlib
import hmac
import secrets

TOKEN_BYTES = 24


def fresh_token() -> str:
    """192 random bits: what nobody can guess needs no salt."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hashed(token: str) -> bytes:
    """What is kept of it: SHA-256."""
    return hashlib.sha256(token.encode()).digest()


class Tokens:
    """Those that are good for one session: the last, and the one before until the client surely has that."""

    def __init__(self, token_hash: bytes) -> None:
        self._good = [token_hash]

    def admit(self, token_hash: bytes) -> bool:
        """Whether it is one of them. Compares all, in constant time."""
        return any([hmac.compare_digest(token_hash, good) for good in self._good])

    def rotate(self, presented: bytes, fresh: bytes) -> None:
        """The client came with the one and is given the other. Until it has it, both are good."""
        self._good = [presented, fresh]

    def settle(self) -> None:
        """The client has the last one."""
        self._good = self._good[-1:]
