"""One response's audio: what has been made, what has been sent, and whether it may be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voice_server.audio.pcm import Pcm, to_bytes
from voice_server.audio.rates import BYTES_PER_SAMPLE, frame_samples, samples_to_ms
from voice_server.core.answer import CLAUSES_AHEAD
from voice_server.core.playout import Word
from voice_server.core.revival import Making
from voice_server.ports import AudioFrame
from voice_server.runtime.seam import Seam

AHEAD_MS = 10_000
"""Where so much audio waits to be sent, no clause is begun: it would only wait."""


class Speech:
    """The audio of one response at the output rate, and the tasks that make it."""

    def __init__(
        self, response: int, rate_hz: int, note: Callable[[int, bytes], None] = lambda response, pcm: None
    ) -> None:
        """`note` is told of all sound that is made."""
        self.response = response
        self._note = note
        self._begun: tuple[int, int, tuple[Word, ...]] = 0, 0, ()
        self.begun_text = ""
        """What another server has generated of it."""
        self.clauses: asyncio.Queue[tuple[int, str]] = asyncio.Queue()  # bounded by the model's max_tokens
        self.tasks: list[asyncio.Task[None]] = []
        self.generation: asyncio.Task[None] | None = None
        self.synthesis: asyncio.Task[None] | None = None
        self.clauses_wanted = 0
        self.finished = False
        """No further clause will be wanted."""
        self._clauses_made = 0
        self._rate_hz = rate_hz
        self._pcm = bytearray()
        self._frame_samples = frame_samples(rate_hz)
        self._sent = 0
        self._last_sent = False
        self._playing = False
        self._paused = False
        self._text_of_use = asyncio.Event()
        self._taken = asyncio.Event()

    @property
    def next_end_samples(self) -> int:
        """Where the next frame ends."""
        return self._sent + min(self._frame_samples, self._left_samples)

    @property
    def sent_samples(self) -> int:
        """What has left, from the beginning of the response."""
        return self._sent

    @property
    def sent_ms(self) -> int:
        """What has left, from the beginning of the response."""
        return samples_to_ms(self._sent, self._rate_hz)

    @property
    def unsent_bytes(self) -> int:
        """Audio that is there and has not left."""
        return len(self._pcm) - self._sent * BYTES_PER_SAMPLE

    async def text_wanted(self) -> None:
        """Return when more text is of use: not during a pause, nor while many clauses wait to be spoken."""
        while self._paused or self.clauses_wanted - self._clauses_made >= CLAUSES_AHEAD:
            self._text_of_use.clear()
            await self._text_of_use.wait()

    async def room(self) -> None:
        """Return when more audio is of use: not while much of it waits for a client that does not take it."""
        while self.unsent_bytes > AHEAD_MS * self._rate_hz // 1000 * BYTES_PER_SAMPLE:
            self._taken.clear()
            await self._taken.wait()

    def append(self, samples: Pcm) -> None:
        """More audio was made."""
        pcm = to_bytes(samples)
        self._pcm += pcm
        self._note(self.response, pcm)

    def take_up(self, making: Making, pcm: bytes) -> None:
        """It was begun by another server, and this is its sound; all of it may have been sent."""
        self._pcm += pcm[: making.total_samples * BYTES_PER_SAMPLE].ljust(
            making.total_samples * BYTES_PER_SAMPLE, b"\0"
        )
        self._sent = making.total_samples
        self._clauses_made, self.clauses_wanted = making.made, len(making.clauses)
        self.finished = making.finished
        self._begun = making.made, making.begun_samples, making.begun_words
        self.begun_text = making.text
        for clause in range(making.made, len(making.clauses)):
            self.clauses.put_nowait((clause, making.clauses[clause]))

    def seam(self, clause: int) -> Seam:
        """Where to go on with this clause, if another server has begun it: nothing is to be said twice."""
        begun, samples, words = self._begun
        return Seam(samples, words) if clause == begun else Seam(0, ())

    def clause_made(self) -> None:
        """All audio of the next clause is there."""
        self._clauses_made += 1
        self._text_of_use.set()

    def finish(self) -> None:
        """No further clause will be wanted: what the model still says is not."""
        self.finished = True
        _cancel(self.generation)

    def curtail(self, clauses: int, end_sample: int | None) -> None:
        """Only the first `clauses` are wanted. `end_sample`: where they end; None: the last is being made."""
        wanted = [self.clauses.get_nowait() for _ in range(self.clauses.qsize())]
        for number, text in wanted:
            if number < clauses:
                self.clauses.put_nowait((number, text))
        self.clauses_wanted, self.finished = clauses, True
        _cancel(self.generation)
        if end_sample is not None:
            _cancel(self.synthesis)
            self._clauses_made = clauses
            del self._pcm[end_sample * BYTES_PER_SAMPLE :]
            self._sent = min(self._sent, end_sample)

    def play(self, position: int) -> None:
        """Send from `position` on."""
        self._playing, self._sent, self._last_sent = True, position, False
        self.proceed()

    def pause(self) -> None:
        """Send nothing, and want no more text."""
        self._playing, self._paused = False, True

    def proceed(self) -> None:
        """Want text again."""
        self._paused = False
        self._text_of_use.set()

    def cancel(self) -> None:
        """Stop making it, and send nothing more."""
        self._playing = False
        for task in self.tasks:
            task.cancel()

    @property
    def sendable(self) -> bool:
        """Whether there is anything to send now."""
        return self._playing and (self._left_samples > 0 or (self._complete and not self._last_sent))

    @property
    def whole(self) -> bool:
        """Whether the next frame is as long as it will be; else it is a scrap that may yet grow."""
        return self._complete or self._left_samples >= self._frame_samples

    def take_frame(self) -> AudioFrame:
        """The next frame; empty only at the end."""
        self._taken.set()
        start, end = self._sent, self.next_end_samples
        self._sent = end
        self._last_sent = self._complete and end * BYTES_PER_SAMPLE == len(self._pcm)
        pcm = bytes(self._pcm[start * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE])
        return AudioFrame(self.response, start, self._last_sent, pcm)

    @property
    def _left_samples(self) -> int:
        return len(self._pcm) // BYTES_PER_SAMPLE - self._sent

    @property
    def _complete(self) -> bool:
        return self.finished and self._clauses_made == self.clauses_wanted


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task:
        task.cancel()
