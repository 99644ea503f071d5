"""What was said, as the language model should see it: only what was heard."""

from __future__ import annotations

from collections.abc import Sequence
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


RUNNING = "(running: its result will follow)"
"""What stands for the result of a call until there is one: chat templates want an answer to each call."""


def exchanges(messages: Sequence[Message]) -> list[list[Message]]:
    """What belongs together: a message, and the results behind it, of the tools that it calls."""
    together: list[list[Message]] = []
    for message in messages:
        if together and message.call is not None:
            together[-1].append(message)
        else:
            together.append([message])
    return together


class Conversation:
    """The history of one session, oldest first."""

    def __init__(self, instructions: str) -> None:
        self.instructions = instructions
        self._entries: list[Entry] = []
        self._messages: list[Message] = []  # the same, joined: kept, as an hour has hundreds
        self._removed: set[str] = set()  # what is called so may be on its way, and is not wanted

    @property
    def entries(self) -> tuple[Message, ...]:
        """Everything said so far, without the instructions."""
        return tuple(self._messages)

    def user_said(self, text: str, key: str = "") -> None:
        """A turn of the user. Two in a row, with nothing heard between them, are one to the model."""
        if text:
            self._append(Entry(Message("user", text), key))

    def assistant_said(self, heard: str, key: str = "", calls: tuple[ToolCall, ...] = ()) -> None:
        """A response, as far as it was heard, and the calls made in it; nothing if there is neither.

        What is said while nothing but results is awaited stands before the calls that they are awaited from.
        """
        if heard:
            self._insert(self._before_running(), Entry(Message("assistant", heard), key))
        calls = tuple(call for call in calls if f"call:{call.id}" not in self._removed)
        for call in calls:
            self._append(Entry(Message("assistant", "", (call,)), f"call:{call.id}"))
        for call in calls:
            self._append(Entry(Message("tool", RUNNING, call=call.id), f"result:{call.id}"))

    def tool_answered(self, call: str, tool: str, text: str) -> None:
        """A result, or a part of one: in its call's place, or behind what has been said since."""
        places = [i for i, entry in enumerate(self._entries) if entry.message.call == call]
        place = places[-1] if places else None
        if place is None or any(entry.message.call is None for entry in self._entries[place:]):
            self.learnt(f"{tool} has answered: {text}", f"result:{call}")
            return
        so_far = self._entries[place].message
        whole = text if so_far.content == RUNNING else f"{so_far.content}\n{text}"
        answered = Entry(replace(so_far, content=whole), self._entries[place].key)
        self._replace([*self._entries[:place], answered, *self._entries[place + 1 :]])

    def learnt(self, text: str, key: str = "") -> None:
        """Something that nobody has said and the assistant should know."""
        if text.strip():
            self._append(Entry(Message("system", text), key))

    def _before_running(self) -> int:
        """Where the last calls are, if none of them has been answered; or else the end."""
        place = len(self._entries)
        while place and self._entries[place - 1].message.content == RUNNING:
            place -= 1
        if place == len(self._entries) or not self._entries[place - 1].message.calls:
            return len(self._entries)
        while place and self._entries[place - 1].message.calls:
            place -= 1
        return place

    def prompt(self, draft: str = "") -> tuple[Message, ...]:
        """The messages to generate from, as if the user had also said `draft`."""
        said = self._messages.copy()
        if draft:
            _join(said, Message("user", draft))
        return (Message("system", self.instructions), *said)

    def _insert(self, place: int, entry: Entry) -> None:
        if place == len(self._entries):
            self._append(entry)
        elif entry.key not in self._removed:
            self._replace([*self._entries[:place], entry, *self._entries[place:]])

    def _append(self, entry: Entry) -> None:
        if entry.key not in self._removed:
            self._entries.append(entry)
            _join(self._messages, entry.message)

    # ── what the client changes ──

    def insert(self, key: str, message: Message, after: str | None) -> None:
        """Put a message behind the entry `after`, at the front (""), or at the end (None or unknown).

        What is no result comes behind the results of a call that it would part from them.
        """
        keys = [entry.key for entry in self._entries]
        place = 0 if after == "" else keys.index(after) + 1 if after in keys else len(keys)
        while place < len(keys) and message.call is None and self._entries[place].message.call is not None:
            place += 1
        self._removed.discard(key)
        self._insert(place, Entry(message, key))

    def remove(self, key: str) -> None:
        """Take the entries of this name out, now or when they come; of a call, its placeholder too."""
        self._removed.add(key)
        awaited = {call.id for entry in self._entries if entry.key == key for call in entry.message.calls}
        others = [entry for entry in self._entries if entry.key != key]
        self._replace(
            [each for each in others if each.message.content != RUNNING or each.message.call not in awaited]
        )

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
    """Neighbours of the same role are one, where they are text, and calls after text or calls."""
    last = said[-1] if said else None
    if last is None or last.role != message.role or message.call is not None or last.call is not None:
        said.append(message)
    elif not last.calls:
        said[-1] = replace(message, content=f"{last.content} {message.content}".strip())
    elif not message.content:
        said[-1] = replace(last, calls=last.calls + message.calls)
    else:
        said.append(message)
