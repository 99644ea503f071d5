"""What was said, as the language model should see it: only what was heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voice_server.core.tools import ToolCall

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the history."""

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()
    """The tools that an assistant's message calls; a message of the role `tool` follows for each."""
    call: str | None = None
    """The call that a message of the role `tool` answers."""


class Conversation:
    """The history of one session, oldest first."""

    def __init__(self, instructions: str) -> None:
        self.instructions = instructions
        self._entries: list[Message] = []

    @property
    def entries(self) -> tuple[Message, ...]:
        """Everything said so far, without the instructions."""
        return tuple(self._entries)

    def user_said(self, text: str) -> None:
        """A turn of the user. Two in a row, with nothing heard between them, are one."""
        if text:
            self._append(Message("user", text))

    def assistant_said(self, heard: str) -> None:
        """A response, as far as it was heard; nothing if nothing was."""
        if heard:
            self._append(Message("assistant", heard))

    def prompt(self, draft: str = "") -> tuple[Message, ...]:
        """The messages to generate from, as if the user had also said `draft`."""
        entries = self._entries
        if draft:
            entries = _joined(entries, Message("user", draft))
        return (Message("system", self.instructions), *entries)

    def _append(self, message: Message) -> None:
        self._entries = _joined(self._entries, message)


def _joined(entries: list[Message], message: Message) -> list[Message]:
    if entries and entries[-1].role == message.role:
        return [*entries[:-1], Message(message.role, f"{entries[-1].content} {message.content}")]
    return [*entries, message]
