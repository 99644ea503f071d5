"""One answer of llama.cpp on its way from the thread that blocks in it to the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from typing import Any

from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall
from voice_server.errors import ModelError

PATIENCE_S = 0.008
"""Nobody has asked for the next piece for so long: the cores are better given to the other models."""


class Answer:
    """Pieces of text on their way from a thread to the loop. At most `max_tokens`, and so without a bound."""

    def __init__(
        self, prompt: tuple[Message, ...], extra: dict[str, Any] | None = None, *, priming: bool = False
    ) -> None:
        self.prompt = prompt
        self.extra = extra or {}
        """More of the request: tools, a grammar. An answer that has such does not pause."""
        self.priming = priming
        self.stopped = False
        self.paused = False
        """Whether it ended because nobody took its pieces."""
        self.hurries = False
        """Whether the cores are claimed for it."""
        self.pieces = 0
        """So many there have been."""
        self.finished = asyncio.Event()
        self._left_s: float | None = None
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[str | ToolCall | ModelError | None] = asyncio.Queue()

    @property
    def ends_soon(self) -> bool:
        """Whether its text is not wanted, or no longer: it ends at its first or next piece."""
        return self.stopped or self.priming

    def builds_on(self, earlier: Answer) -> bool:
        """Whether its prompt is the same conversation, with a last message that begins alike."""
        if not self.prompt or self.prompt[:-1] != earlier.prompt[:-1] or self._loop is not earlier._loop:
            return False
        ours, theirs = self.prompt[-1].content, earlier.prompt[-1].content
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))
        return 2 * alike >= len(theirs)

    async def next_piece(self) -> str | ToolCall | None:
        """Text, a call, or None at the end. Raises ModelError."""
        self._left_s = None
        piece = await self._pieces.get()
        self._left_s = time.perf_counter()
        if isinstance(piece, ModelError):
            raise piece
        return piece

    def pauses(self, *, crowded: bool) -> bool:
        """From the thread that makes it: whether it ends here for now, as others need the cores more."""
        left_s = self._left_s
        away = left_s is not None and time.perf_counter() - left_s > PATIENCE_S
        self.paused = (away or crowded) and not self.extra
        return self.paused

    def put(self, piece: str | ToolCall) -> None:
        """From the thread that makes it."""
        self.pieces += 1
        self._call(self._pieces.put_nowait, piece)

    def finish(self, error: ModelError | None) -> None:
        """From any thread: no text follows."""
        self._call(self._pieces.put_nowait, error)
        self._call(self.finished.set)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(function, *arguments)
