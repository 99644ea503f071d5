"""What keeps a connection alive: acks, pings, and knowing a dead peer. Pure; times are given, in ns."""

from __future__ import annotations

from voice_server.client.clock import NS_PER_MS
from voice_server.client.log import Message
from voice_server.errors import LinkError

ACK_INTERVAL_MS = 1_000
MISSED_HEARTBEATS = 2
"""Nothing has come for so many of them, and the peer is dead."""


class Upkeep:
    """Says which messages are due."""

    def __init__(self, heartbeat_ms: int, now_ns: int) -> None:
        self._next_ack_ns = now_ns + ACK_INTERVAL_MS * NS_PER_MS
        self._acked = 0
        self.set_heartbeat(heartbeat_ms, now_ns)

    def set_heartbeat(self, heartbeat_ms: int, now_ns: int) -> None:
        """What the server asked for; counted from now."""
        self._heartbeat_ns = heartbeat_ms * NS_PER_MS
        self.connected(now_ns)

    def connected(self, now_ns: int) -> None:
        """There is a connection, or a new one: all is counted from now, and acked anew."""
        self._heard_ns = now_ns
        self._next_ping_ns = now_ns + self._heartbeat_ns
        self._acked = 0

    def heard(self, now_ns: int) -> None:
        """Something came: whatever it is, it is a sign of life."""
        self._heard_ns = now_ns

    def due_ns(self) -> int:
        """When to call `take` again."""
        return min(self._next_ping_ns, self._next_ack_ns, self._dead_ns)

    def take(self, now_ns: int, seen: int) -> list[Message]:
        """The messages that are due; `seen` is the last `seq`. Raises LinkError when the server is dead."""
        if now_ns >= self._dead_ns:
            silent_s = (now_ns - self._heard_ns) / NS_PER_MS / 1000
            raise LinkError(f"nothing has come from the server for {silent_s:.0f} s")
        due: list[Message] = []
        if now_ns >= self._next_ack_ns:
            due += self._ack(seen)
            self._next_ack_ns = now_ns + ACK_INTERVAL_MS * NS_PER_MS
        if now_ns >= self._next_ping_ns:
            due.append({"type": "ping", "t": now_ns // NS_PER_MS})
            self._next_ping_ns = now_ns + self._heartbeat_ns
        return due

    @property
    def _dead_ns(self) -> int:
        return self._heard_ns + MISSED_HEARTBEATS * self._heartbeat_ns

    def _ack(self, seen: int) -> list[Message]:
        if seen == self._acked:
            return []
        self._acked = seen
        return [{"type": "ack", "seq": seen}]
