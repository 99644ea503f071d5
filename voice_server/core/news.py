"""What the assistant has learnt since it began to speak: tools' results and what the client added.

It enters the history when no answer is under way, so that it stands behind what was heard of that answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.core.conversation import Conversation
from voice_server.core.tools import Speak


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news."""

    text: str
    speak: Speak
    call: str | None = None
    """The call that it is the result of, or a part of it. None: context."""
    tool: str = ""
    """The tool that was called."""
    turn: int = 0
    """The turn that the call was made for; 0: none."""
    response: int = 0
    """The response in which it was made."""


class News:
    """What is not in the history yet, and what is not spoken about yet."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._waiting: list[Item] = []
        self._untold: list[Item] = []

    @property
    def turn(self) -> int | None:
        """The turn of the news that an answer is due to, 0 if it is of no turn; None: no answer is due."""
        return self._untold[-1].turn if self._untold else None

    @property
    def is_from_tool(self) -> bool:
        """Whether an answer is due to results of tools, and to nothing else."""
        return bool(self._untold) and all(item.call for item in self._untold)

    def is_urgent_during(self, response: int) -> bool:
        """Whether there is news to interrupt this response for; not what it has itself asked a tool for."""
        return any(item.speak == "now" and item.response != response for item in self._untold)

    def add(self, item: Item) -> None:
        """Something was learnt."""
        self._waiting.append(item)
        if item.speak != "never":
            self._untold.append(item)

    def enter(self) -> bool:
        """Put it into the history. Returns whether there is anything new there to be spoken about."""
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            if item.call is None:
                self._conversation.learnt(item.text)
            else:
                self._conversation.tool_answered(item.call, item.tool, item.text)
        return any(item.speak != "never" for item in waiting)

    def told(self) -> None:
        """An answer is under way that knows all of it."""
        self._untold.clear()
