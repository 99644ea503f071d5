"""The one way out to the client: facts at once and in order, audio paced.

Bounded on both sides: facts by `FACT_LIMIT` (a reader that is so far behind is given up), audio by the lead
over what was played. When the queue is half full, partial transcripts are dropped: the next one says more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from voice_server.core.commands import Fact, TranscriptRevised
from voice_server.errors import VoiceServerError
from voice_server.ports import Clock, Link, Notice
from voice_server.runtime.speaking import Speech

FACT_LIMIT = 1_000
SCRAP_LEAD_MS = 60
"""What is less than a frame waits for more to be made, until the client has only so much left to play."""


class ReaderStalledError(VoiceServerError):
    """The client does not read what it is sent."""


class LinkLostError(VoiceServerError):
    """The client is gone."""


class Outbox:
    """What waits to be sent over one link. `played` says where the loudspeaker is in a response."""

    def __init__(
        self, link: Link, clock: Clock, played: Callable[[int], int], lead_ms: int, rate_hz: int
    ) -> None:
        self._link = link
        self._clock = clock
        self._start_ms = clock.now_ms()
        self._rate_hz = rate_hz
        self._lead_samples = lead_ms * rate_hz // 1000
        self._scrap_lead_samples = min(lead_ms, SCRAP_LEAD_MS) * rate_hz // 1000
        self._played = played
        self._facts: deque[Fact | Notice] = deque()
        self._speech: Speech | None = None
        self._changed = asyncio.Event()
        self._alarm = asyncio.Event()
        self._overflowed = False
        self._finished = False
        self._sending_since_ms: int | None = None
        self._seq = 0

    def put(self, item: Fact | Notice) -> None:
        """Tell the client, as soon as it reads. More than the queue holds ends the session: see `watch`."""
        if len(self._facts) >= FACT_LIMIT:
            self._overflowed = True
            self._alarm.set()
        elif not (isinstance(item, TranscriptRevised) and len(self._facts) >= FACT_LIMIT // 2):
            self._facts.append(item)
            self._changed.set()

    def speak(self, speech: Speech) -> None:
        """From now on this is the response whose audio is sent."""
        self._speech = speech
        self._changed.set()

    def hush(self, speech: Speech) -> None:
        """No audio of this response any more."""
        if self._speech is speech:
            self._speech = None

    def wake(self) -> None:
        """There may be something to send."""
        self._changed.set()

    def finish(self) -> None:
        """Nothing more will come: `pump` returns when what is there has been sent."""
        self._finished = True
        self._changed.set()

    async def pump(self) -> None:
        """Send, until there is nothing left after `finish`. Raises LinkLostError when the client is gone."""
        while True:
            self._changed.clear()
            due_ms = self._audio_due_ms()
            if self._facts or (due_ms is not None and due_ms <= self._clock.now_ms()):
                await self._send_one()
            elif self._finished:
                return
            else:
                await self._clock.wait(self._changed, due_ms)

    async def watch(self, stall_limit_ms: int) -> None:
        """Raise ReaderStalledError when one piece could not be sent in time, or too many wait."""
        while True:
            self._alarm.clear()
            if self._overflowed:
                raise ReaderStalledError(f"more than {FACT_LIMIT} messages wait to be read")
            now_ms = self._clock.now_ms()
            since_ms = now_ms if self._sending_since_ms is None else self._sending_since_ms
            if now_ms - since_ms >= stall_limit_ms:
                raise ReaderStalledError(f"nothing could be sent for {stall_limit_ms} ms")
            await self._clock.wait(self._alarm, since_ms + stall_limit_ms)

    async def _send_one(self) -> None:
        self._sending_since_ms = self._clock.now_ms()
        try:
            await (self._send_fact() if self._facts else self._send_audio())
        except ConnectionError as error:
            raise LinkLostError(str(error)) from error
        finally:
            self._sending_since_ms = None

    async def _send_fact(self) -> None:
        self._seq += 1
        await self._link.send(self._facts.popleft(), self._seq, self._clock.now_ms() - self._start_ms)

    async def _send_audio(self) -> None:
        if self._speech:
            await self._link.send_audio(self._speech.take_frame())

    def _audio_due_ms(self) -> int | None:
        """When the next frame may go; None when there is none."""
        speech = self._speech
        if speech is None or not speech.sendable:
            return None
        lead = self._lead_samples if speech.whole else self._scrap_lead_samples
        early = speech.next_end_samples - self._played(speech.response) - lead
        return self._clock.now_ms() + max(0, -(-early * 1000 // self._rate_hz))
