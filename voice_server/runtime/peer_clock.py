"""How far away a client is in time, and what its clock shows when ours shows 0, as NTP finds it out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from voice_server.ports import Ponged

ASKED = 16
"""A pong to an earlier ping tells nothing of the present round-trip time."""
EXCHANGES = 8
"""As many as NTP's clock filter looks at (RFC 5905, section 10)."""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One ping and its pong."""

    rtt_ms: int
    offset_ms: int | None = None
    """The client's clock less the session's, half a round trip ago. None: the client did not say its time."""


class PeerClock:
    """One connection's. Times are session ms, but for the client's own.

    The offset is NTP's for a peer that answers at once, its time less the middle of ours (RFC 5905, section
    8); it errs by at most half the round trip. What delays one way only makes both longer and wrong: so of
    the last exchanges that with the shortest round trip is believed.
    """

    def __init__(self) -> None:
        self._asked: deque[int] = deque(maxlen=ASKED)
        self._exchanges: deque[RoundTrip] = deque(maxlen=EXCHANGES)

    @property
    def best(self) -> RoundTrip | None:
        """The quickest of the last exchanges; None before the first."""
        return min(self._exchanges, key=lambda each: each.rtt_ms, default=None)

    def asked(self, now_ms: int) -> None:
        """A ping with this `t` has left."""
        self._asked.append(now_ms)

    def answered(self, pong: Ponged, now_ms: int) -> RoundTrip | None:
        """Its pong came. None: there was no such ping, or it has been answered before."""
        if pong.t not in self._asked:
            return None
        asked_ms = int(pong.t)
        self._asked.remove(asked_ms)
        offset_ms = None if pong.t_ms is None else round(pong.t_ms - (asked_ms + now_ms) / 2)
        exchange = RoundTrip(now_ms - asked_ms, offset_ms)
        self._exchanges.append(exchange)
        return exchange
