"""What a client may ask for that keeps turns and history itself: answers, turns where it cut them, items."""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.core.conversation import Message
from voice_server.core.tools import ToolSpec


@dataclass(frozen=True, slots=True)
class Wish:
    """What one answer is to be, where it differs from the session's configuration. None: no difference."""

    instructions: str | None = None
    messages: tuple[Message, ...] | None = None
    """What is answered, instead of the conversation."""
    tools: tuple[ToolSpec, ...] | None = None
    """The client's tools that the model may call."""
    must_call: tuple[str, ...] | None = None
    """The names of tools, one of which it has to call."""
    max_tokens: int | None = None
    speech: bool | None = None
    """Whether it is spoken, or only written."""
    remembered: bool = True
    """Whether it becomes part of the conversation."""


AS_USUAL = Wish()


@dataclass(frozen=True, slots=True)
class AnswerWanted:
    """The client wants the assistant to speak now, from what was said and added so far.

    The answer carries the `tag`. While another is under way there is none, and the trouble carries it. While
    the user has the floor, it is the answer to what they say.
    """

    tag: str = ""
    wish: Wish = AS_USUAL


@dataclass(frozen=True, slots=True)
class InputCommitted:
    """The client says that the input from here to there (input clock) is a turn of the user."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class InputCleared:
    """The client says that the input up to here is no turn."""

    heard_ms: int


@dataclass(frozen=True, slots=True)
class MessageAdded:
    """The client puts something into the history: behind the entry `after`, at the front ("") or the end."""

    key: str
    message: Message
    after: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRemoved:
    """The client takes out what it added to the history, `turn:N`, `response:N`, `call:ID`, `result:ID`."""

    key: str


@dataclass(frozen=True, slots=True)
class HeardCorrected:
    """The client says how much of a response was heard, now or when it is long over."""

    response: int
    played_ms: int


RequestEvent = AnswerWanted | InputCommitted | InputCleared | MessageAdded | MessageRemoved | HeardCorrected
