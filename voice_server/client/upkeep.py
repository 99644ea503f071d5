"""What a client owes a server while it listens: acks, pings and pongs. Pure: times are given, in ns."""

from __future__ import annotations

from voice_server.client.clock import NS_PER_MS
from voice_server.client.log import Message
from voice_server.errors import LinkError

ACK_INTERVAL_MS = 1_000
MISSED_PINGS = 2
"""So many unanswered pings, and the peer is dead."""


class Upkeep:
    """Says which messages are due."""

    def __init__(self, heartbeat_ms: int, now_ns: int) -> None:
        self._heartbeat_ns = heartbeat_ms * NS_PER_MS
        self._next_ping_ns = now_ns + self._heartbeat_ns
        self._next_ack_ns = now_ns + ACK_INTERVAL_MS * NS_PER_MS
        self._seen = self._acked = 0
        self._unanswered = 0

    def set_heartbeat(self, heartbeat_ms: int, now_ns: int) -> None:
        """What the server asked for; counted from now."""
        self._heartbeat_ns = heartbeat_ms * NS_PER_MS
        self._next_ping_ns = now_ns + self._heartbeat_ns

    def received(self, message: Message) -> list[Message]:
        """Note a message from the server. Returns what has to be sent at once."""
        self._seen = max(self._seen, int(message.get("seq", 0)))
        match message.get("type"):
            case "ping":
                return [{"type": "pong", "t": message.get("t")}]
            case "pong":
                self._unanswered = 0
        return []

    def due_ns(self) -> int:
        """When to call `take` again."""
        return min(self._next_ping_ns, self._next_ack_ns)

    def take(self, now_ns: int) -> list[Message]:
        """The messages that are due. Raises LinkError when the server has not answered our pings."""
        due: list[Message] = []
        if now_ns >= self._next_ack_ns:
            due += self._ack()
            self._next_ack_ns = now_ns + ACK_INTERVAL_MS * NS_PER_MS
        if now_ns >= self._next_ping_ns:
            due.append(self._ping(now_ns))
            self._next_ping_ns = now_ns + self._heartbeat_ns
        return due

    def _ack(self) -> list[Message]:
        if self._seen == self._acked:
            return []
        self._acked = self._seen
        return [{"type": "ack", "seq": self._seen}]

    def _ping(self, now_ns: int) -> Message:
        if self._unanswered >= MISSED_PINGS:
            raise LinkError(f"the server did not answer {MISSED_PINGS} pings")
        self._unanswered += 1
        return {"type": "ping", "t": now_ns // NS_PER_MS}
