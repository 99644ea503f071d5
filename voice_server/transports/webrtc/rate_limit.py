"""So many offers a minute from one address: each costs keys, sockets and a connection."""

from __future__ import annotations

from collections import OrderedDict

ADDRESS_LIMIT = 10_000
"""Addresses that are remembered; the one that was quiet the longest is forgotten first."""


class RateLimit:
    """A token bucket for each address (RFC 2697's idea): `burst` at once, `per_minute` in the long run."""

    def __init__(self, per_minute: int, burst: int) -> None:
        self._per_ms = per_minute / 60_000
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()  # tokens, when they were counted

    def retry_after_ms(self, address: str, now_ms: int) -> int:
        """Take one, and 0; or how long to wait for the next, and nothing is taken."""
        tokens, counted_ms = self._buckets.pop(address, (float(self._burst), now_ms))
        tokens = min(self._burst, tokens + (now_ms - counted_ms) * self._per_ms)
        allowed = tokens >= 1
        self._buckets[address] = (tokens - allowed, now_ms)
        if len(self._buckets) > ADDRESS_LIMIT:
            self._buckets.popitem(last=False)
        return 0 if allowed else int((1 - tokens) / self._per_ms) + 1
