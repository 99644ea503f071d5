"""What the core wants done: orders to the runtime, and facts that the client should know.

Orders are carried out in the order given and never answer directly; what comes of them returns as events.
Facts are neutral: each protocol has its own words for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from voice_server.core.conversation import Message
from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig
from voice_server.core.tools import ToolCall, ToolSpec

StopReason = Literal["barge_in", "client", "replaced", "error"]
ResponseStatus = Literal["completed", "interrupted", "failed"]

# ── orders ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Transcribe the input from `start_ms` to `end_ms` (input clock); answer with this `request`."""

    request: int
    start_ms: int
    end_ms: int
    final: bool


@dataclass(frozen=True, slots=True)
class ScoreTurn:
    """Ask the turn detector about the input up to `end_ms`; answer with this `request`."""

    request: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Prime:
    """The next prompt will begin like this: have it in the model's cache. Nothing comes of it but speed."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Generate:
    """Start generating this response; nothing of it may sound before `Play`."""

    response: int
    messages: tuple[Message, ...]
    with_tools: bool = True
    """Whether the model may call tools; not when it has done so many times in a row."""
    tools: tuple[ToolSpec, ...] | None = None
    """Those of the client that it may call. None: all that the session has."""
    must_call: tuple[str, ...] = ()  # one of these, unless there are none
    max_tokens: int | None = None
    """None: as many as the session allows."""
    early: bool = False
    """The user still speaks: to be declined where others would have to wait for it."""


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Speak the next clause of the response. Clauses are numbered from 0 and synthesised in order."""

    response: int
    clause: int
    text: str


@dataclass(frozen=True, slots=True)
class FinishAudio:
    """No clause follows: its generation may end, and its last frame may be marked as the last."""

    response: int


@dataclass(frozen=True, slots=True)
class Curtail:
    """Make no more of it than its first `clauses`; play nothing after `end_sample` (None: all of them)."""

    response: int
    clauses: int
    end_sample: int | None


@dataclass(frozen=True, slots=True)
class Play:
    """Send the response's audio from `position` on, paced, as far as it is there and as it comes."""

    response: int
    position: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Send no more audio of it; keep what is there. Generation rests until `Play` or `Proceed`."""

    response: int


@dataclass(frozen=True, slots=True)
class Proceed:
    """Generation goes on after a pause, although nothing may sound yet."""

    response: int


@dataclass(frozen=True, slots=True)
class Discard:
    """End generation and synthesis of it and drop its audio, for good."""

    response: int


@dataclass(frozen=True, slots=True)
class KeepInput:
    """Input before `from_ms` will not be asked for again."""

    from_ms: int


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run this tool of the server; what it gives returns as `ToolAnswered`."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class CancelTool:
    """The result of this call is no longer wanted."""

    call: str


# ── facts ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class TurnOpened:
    """The user began to speak."""

    turn: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnPaused:
    """The user fell silent. The turn may go on: then another `TurnOpened` with the same turn follows."""

    turn: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class TranscriptRevised:
    """The hypothesis so far; its first `stable` characters will not change."""

    turn: int
    text: str
    stable: int


@dataclass(frozen=True, slots=True)
class TranscriptCommitted:
    turn: int
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class TurnPassed:
    """The user said nothing from `start_ms` to `end_ms`, which is a turn without words."""

    turn: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class ResponseBegan:
    """`asked`: the tag of the request that it answers, if there was one."""

    response: int
    turn: int
    asked: str | None = None


@dataclass(frozen=True, slots=True)
class TextAdded:
    response: int
    delta: str


@dataclass(frozen=True, slots=True)
class WordsPlaced:
    """When words sound, in samples from the start of the response."""

    response: int
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class ResponseStopped:
    """The client must drop everything queued of this response, now. `at_ms` is on the input clock."""

    response: int
    reason: StopReason
    at_ms: int


@dataclass(frozen=True, slots=True)
class ResponseResumed:
    """The stop was a false alarm: audio goes on from `position`."""

    response: int
    position: int


@dataclass(frozen=True, slots=True)
class ResponseEnded:
    """Exactly one per response that began. `latency`: its waterfall, in ms after the user's speech ended."""

    response: int
    status: ResponseStatus
    text: str
    heard: str
    latency: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool of the client is called; `arguments` are JSON text that fits the tool's schema."""

    call: str
    response: int
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolCancelled:
    """The result of this call of the client's tool is no longer wanted."""

    call: str


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    config: SessionConfig


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the client should know went wrong. `field`: the place in its message, if it was that."""

    code: str
    message: str
    field: str | None = None
    asked: str | None = None
    """The tag of the request that is not granted, if it is about one."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    reason: str


SpeechOrder = Generate | Synthesize | FinishAudio | Curtail | Play | Pause | Proceed | Discard
"""Orders about one response's audio."""

ToolOrder = RunTool | CancelTool
"""Orders about the server's own tools."""

Order = Transcribe | ScoreTurn | KeepInput | Prime | ToolOrder | SpeechOrder
Fact = (
    TurnOpened
    | TurnPaused
    | TranscriptRevised
    | TranscriptCommitted
    | TurnPassed
    | ResponseBegan
    | TextAdded
    | WordsPlaced
    | ResponseStopped
    | ResponseResumed
    | ResponseEnded
    | ToolCalled
    | ToolCancelled
    | ConfigChanged
    | Trouble
    | SessionEnded
)
Command = Order | Fact
