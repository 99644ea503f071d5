"""What was said, as the language model should see it: only what was heard."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of the history. `key`: what it is called, where somebody may want to change it."""

    message: Message
    key: str = ""


class Conversation:
    """The history of one session, oldest first."""

    def __init__(self, instructions: str) -> None:
        self.instructions = instructions
        self._entries: list[Entry] = []
        self._messages: list[Message] = []  # the same, joined: kept, as an hour has hundreds

    @property
    def entries(self) -> tuple[Message, ...]:
        """Everything said so far, without the instructions."""
        return tuple(self._messages)

    def user_said(self, text: str, key: str = "") -> None:
        """A turn of the user. Two in a row, with nothing heard between them, are one to the model."""
        if text:
            self._append(Entry(Message("user", text), key))

    def assistant_said(self, heard: str, key: str = "") -> None:
        """A response, as far as it was heard; nothing if nothing was."""
        if heard:
            self._append(Entry(Message("assistant", heard), key))

    def prompt(self, draft: str = "") -> tuple[Message, ...]:
        """The messages to generate from, as if the user had also said `draft`."""
        said = self._messages.copy()
        if draft:
            _join(said, Message("user", draft))
        return (Message("system", self.instructions), *said)

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        _join(self._messages, entry.message)

    # ── what the client changes ──

    def insert(self, key: str, message: Message, after: str | None) -> None:
        """Put a message behind the entry `after`, at the front (""), or at the end (None or unknown)."""
        keys = [entry.key for entry in self._entries]
        place = 0 if after == "" else keys.index(after) + 1 if after in keys else len(keys)
        self._replace([*self._entries[:place], Entry(message, key), *self._entries[place:]])

    def remove(self, key: str) -> None:
        """Take the entries of this name out."""
        self._replace([entry for entry in self._entries if entry.key != key])

    def amend(self, key: str, content: str) -> None:
        """The entry of this name says something else; nothing, and it is gone."""
        amended = (
            Entry(replace(entry.message, content=content), key) if entry.key == key else entry
            for entry in self._entries
        )
        self._replace([entry for entry in amended if entry.message.content or entry.message.calls])

    def _replace(self, entries: list[Entry]) -> None:
        self._entries, self._messages = entries, []
        for entry in entries:
            _join(self._messages, entry.message)


def _join(said: list[Message], message: Message) -> None:
    """Neighbours of the same role are one, where both are only text."""
    if said and _is_text(message) and _is_text(said[-1]) and said[-1].role == message.role:
        said[-1] = replace(message, content=f"{said[-1].content} {message.content}")
    else:
        said.append(message)


def _is_text(message: Message) -> bool:
    return not message.calls and message.call is None
