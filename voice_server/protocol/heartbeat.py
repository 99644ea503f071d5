"""Ping and pong, the same in both directions."""

from __future__ import annotations

from typing import Literal

from voice_server.protocol.wire import Instant, Wire


class Ping(Wire):
    """Are you there? Each side sends one every `heartbeat_ms`; two unanswered: the peer is dead."""

    type: Literal["ping"] = "ping"
    t: Instant
    """Any number, such as the sender's clock in ms."""


class Pong(Wire):
    """The answer to a `ping`, sent at once."""

    type: Literal["pong"] = "pong"
    t: Instant
    """The `t` of the ping."""
