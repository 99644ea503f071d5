"""Prompts in a trace: each repeats the conversation so far, so that only what is new in it is written.

`"messages": [n, …]` means the first `n` messages of the prompt before, then these.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from voice_server.observing.trace_sink import Record

MESSAGES = "messages"


class PromptShortener:
    """Writes them. For one session, in the order of the trace."""

    def __init__(self) -> None:
        self._before: list[Any] = []

    def shortened(self, record: Record) -> Record:
        """A `core` record with short prompts."""
        commands = [self._command(command) for command in record.get("commands", ())]
        return {**record, "commands": commands} if commands else record

    def _command(self, command: Record) -> Record:
        if MESSAGES not in command:
            return command
        messages = command[MESSAGES]
        pairs = zip(self._before, messages, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        self._before = messages
        return {**command, MESSAGES: [same, *messages[same:]]}


class PromptLengthener:
    """Reads them again."""

    def __init__(self) -> None:
        self._before: list[Any] = []

    def lengthen(self, record: Record) -> None:
        """Make the prompts of a `core` record whole. Raises ValueError for what is no prompt."""
        for command in record.get("commands", ()):
            if MESSAGES in command:
                same, *new = command[MESSAGES]
                if not isinstance(same, int) or not 0 <= same <= len(self._before):
                    raise ValueError(f"a prompt goes on from message {same!r} of {len(self._before)}")
                self._before = command[MESSAGES] = [*self._before[:same], *new]
