"""Ping and pong, in both directions."""

from __future__ import annotations

from typing import Literal

from voice_server.protocol.wire import Count, Instant, Wire


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


class ClientPong(Wire):
    """The answer to a `ping`, sent at once. With its time the server knows how the clocks differ."""

    type: Literal["pong"] = "pong"
    t: Instant
    """The `t` of the ping."""
    t_ms: Count | None = None
    """The client's own clock in ms, as every message of the server has the session's."""
