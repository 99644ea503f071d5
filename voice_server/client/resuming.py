"""Coming back to a session whose connection was lost: who we are, what we saw last, how often to knock."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from voice_server.client.backoff import backoff_ms
from voice_server.client.clock import NS_PER_MS, Clock
from voice_server.client.link import Link
from voice_server.client.log import Message
from voice_server.client.refusal import decoded, refused
from voice_server.errors import LinkError

Door = Callable[[], Awaitable[Link]]
"""Opens a new connection. Raises LinkError where nobody answers."""

ANSWER_TIMEOUT_S = 5.0
BACKLOG_FRAMES = 100
"""Of the microphone, while there is no connection: beyond two seconds, old sound is worth less than new."""

FOR_GOOD = {1000, 4400, 4401, 4404, 4409, 4413}
"""Close codes after which coming back would not help."""

OF_THE_MOMENT = {"playback", "ack", "ping", "pong"}
"""Messages that mean nothing any more when the connection is back."""


def may_return(lost: LinkError) -> bool:
    """Whether the connection was lost in a way that a new one mends."""
    return lost.close_code not in FOR_GOOD


@dataclass(slots=True)
class Ticket:
    """What `session.resume` needs."""

    session: str
    token: str
    window_ms: int
    """How long the server keeps the session."""
    last_seq: int

    @classmethod
    def of(cls, started: Message) -> Ticket:
        """From `session.started`."""
        window_ms = int(started.get("resume_window_ms", 0))
        token = str(started.get("token", ""))
        return cls(str(started.get("session")), token, window_ms, int(started.get("seq", 0)))

    def take(self, message: Message) -> bool:
        """Note a message of the server. Returns whether it is one that has not come before."""
        if message.get("type") == "session.resumed":  # what follows counts from here, whatever its own seq
            self.token = str(message.get("token") or self.token)
            self.last_seq = int(message["from_seq"]) - 1
            return True
        seq = int(message.get("seq", self.last_seq + 1))
        if seq <= self.last_seq:
            return False
        self.last_seq = seq
        return True


@dataclass(slots=True)
class Held:
    """What is to be sent as soon as there is a connection, in order."""

    _waiting: deque[str | bytes] = field(default_factory=deque)
    _frames: int = 0

    def add(self, data: str | bytes) -> None:
        """Wait with this; of too much sound, the oldest is given up."""
        self._waiting.append(data)
        self._frames += isinstance(data, bytes)
        if self._frames > BACKLOG_FRAMES:
            self._waiting.remove(next(kept for kept in self._waiting if isinstance(kept, bytes)))
            self._frames -= 1

    async def flush(self, link: Link) -> None:
        """Send it all, also what comes meanwhile. Raises LinkError; what was not sent stays."""
        while self._waiting:
            await link.send(self._waiting[0])
            self._frames -= isinstance(self._waiting.popleft(), bytes)


class Knocker:
    """Opens one connection after the other, until a server goes on with the session."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        note: Callable[[Message], object] = lambda _: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`note` is told of each `session.resume`, as it is sent."""
        self._door = door
        self._clock = clock
        self._note = note
        self._chance = chance

    async def resume(self, ticket: Ticket, playhead: Callable[[], Message]) -> tuple[Link, str]:
        """A connection on which the session goes on, and its `session.resumed`.

        `playhead`: what was heard, as fields of `session.resume`. Raises LinkError when the session is not
        to be had any more, or the server was away for longer than it keeps sessions.
        """
        until_ns = self._clock.now_ns() + ticket.window_ms * NS_PER_MS
        attempt = wait_ms = 0
        while True:
            wait_ms = max(wait_ms, backoff_ms(attempt, self._chance()))
            await self._clock.sleep_until(self._clock.now_ns() + wait_ms * NS_PER_MS)
            try:
                return await self._knock(ticket, playhead)
            except LinkError as error:
                if not may_return(error) or self._clock.now_ns() >= until_ns:
                    raise
                attempt, wait_ms = attempt + 1, error.retry_after_ms or 0

    async def _knock(self, ticket: Ticket, playhead: Callable[[], Message]) -> tuple[Link, str]:
        link = await self._door()
        try:
            who = {"session": ticket.session, "token": ticket.token, "last_seq": ticket.last_seq}
            claim = {"type": "session.resume", **who, **playhead()}
            self._note(claim)
            await link.send(json.dumps(claim))
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return link, await _answer(link)
        except BaseException as error:
            link.drop()
            if isinstance(error, TimeoutError):
                raise LinkError("the server did not answer when we came back") from None
            raise


async def _answer(link: Link) -> str:
    complaint: Message | None = None
    try:
        while True:
            raw = await link.receive()
            message = decoded(raw) if isinstance(raw, str) else {}
            if isinstance(raw, str) and message.get("type") == "session.resumed":
                return raw
            complaint = message if message.get("type") == "error" else complaint
    except LinkError as error:
        raise refused(complaint, error) if complaint else error from None
