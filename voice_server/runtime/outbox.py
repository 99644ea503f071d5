"""What waits to be sent to the client, whatever the connection: messages at once and in order, audio paced.

Bounded on both sides: messages by `FACT_LIMIT` (a reader that is so far behind is given up; long before, the
model waits for it), audio by the lead over what was played. When the queue is half full, partial transcripts
are dropped: the next says more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voice_server.core.commands import Fact, TranscriptRevised
from voice_server.ports import AudioFrame, Farewell, Notice
from voice_server.runtime.backlog import Backlog, Entry
from voice_server.runtime.keeping import Keeper
from voice_server.runtime.session_clock import SessionClock
from voice_server.runtime.speaking import Speech

FACT_LIMIT = 1_000
TEXT_LIMIT = 250
"""While so many messages wait, no more text is made: it would only wait."""
SCRAP_LEAD_MS = 60
"""What is less than a frame waits for more to be made, until the client has only so much left to play."""


class Outbox:
    """One session's. `played` says where the loudspeaker is in a response. One connection empties it."""

    def __init__(
        self,
        clock: SessionClock,
        played: Callable[[int], int],
        lead_ms: int,
        rate_hz: int,
        backlog: Backlog,
        keeper: Keeper | None,
    ) -> None:
        self.backlog = backlog
        self.keeper = keeper
        """Who writes down what is told."""
        self.changed = asyncio.Event()
        """There may be something to send."""
        self.alarm = asyncio.Event()
        """Too much waits."""
        self._read = asyncio.Event()
        self.overflowed = False
        self.finished = False
        """Nothing more will come."""
        self.farewell: Farewell | None = Farewell.ENDED
        """How to hang up when all has been sent."""
        self.speech: Speech | None = None
        """The response whose audio is sent."""
        self._clock = clock
        self._rate_hz = rate_hz
        self._lead_samples = lead_ms * rate_hz // 1000
        self._scrap_lead_samples = min(lead_ms, SCRAP_LEAD_MS) * rate_hz // 1000
        self._played = played
        self._limit = FACT_LIMIT

    def put(self, item: Fact | Notice) -> None:
        """Tell the client, as soon as it reads. More than the queue holds ends its connection."""
        if isinstance(item, TranscriptRevised) and self.backlog.waiting >= FACT_LIMIT // 2:
            return
        entry = self.backlog.add(item, self._clock.now_ms())
        if self.keeper:
            self.keeper.said(entry)
        self.changed.set()
        if self.backlog.waiting > self._limit:
            self.overflowed = True
            self.alarm.set()

    def sent(self) -> None:
        """The next message has been sent."""
        self.backlog.sent()
        self._read.set()

    def acked(self, seq: int) -> None:
        """All messages up to `seq` have arrived at the client."""
        self.backlog.acked(seq)
        if self.keeper:
            self.keeper.settle()

    @property
    def unread(self) -> bool:
        """Whether so much waits that more text is of no use."""
        return self.backlog.waiting >= TEXT_LIMIT

    async def read(self) -> None:
        """Return when that is over."""
        while self.unread:
            self._read.clear()
            await self._read.wait()

    def go_back(self, seq: int) -> None:
        """The client is back, and has seen everything up to `seq`. What it has missed is no fault of its."""
        self.backlog.go_back(seq)
        self.overflowed, self._limit = False, self.backlog.waiting + FACT_LIMIT
        self._read.set()

    def speak(self, speech: Speech) -> None:
        """From now on this is the response whose audio is sent."""
        self.speech = speech
        self.changed.set()

    def hush(self, speech: Speech) -> None:
        """No audio of this response any more."""
        if self.speech is speech:
            self.speech = None

    def wake(self) -> None:
        """There may be something to send."""
        self.changed.set()

    def finish(self, farewell: Farewell | None) -> None:
        """Nothing more will come: when what is there has been sent, the connection ends with this."""
        self.finished, self.farewell = True, farewell
        self.changed.set()

    async def committed(self, entry: Entry) -> None:
        """Return when the message may be sent: what it tells of is written, or the store is away."""
        if self.keeper:
            await self.keeper.committed(entry)

    def take_frame(self) -> AudioFrame | None:
        """The next frame of audio, if it is due."""
        due_ms = self.audio_due_ms()
        if self.speech is None or due_ms is None or due_ms > self._clock.now_ms():
            return None
        return self.speech.take_frame()

    def audio_due_ms(self) -> int | None:
        """When the next frame may go; None when there is none."""
        speech = self.speech
        if speech is None or not speech.sendable:
            return None
        lead = self._lead_samples if speech.whole else self._scrap_lead_samples
        early = speech.next_end_samples - self._played(speech.response) - lead
        return self._clock.now_ms() + max(0, -(-early * 1000 // self._rate_hz))
