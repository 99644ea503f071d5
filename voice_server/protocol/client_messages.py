"""What a client sends: one class per message, tagged by `type`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationInfo, field_validator

from voice_server.protocol.config import Config
from voice_server.protocol.heartbeat import ClientPong, Ping
from voice_server.protocol.limits import MAX_TEXT_CHARS
from voice_server.protocol.wire import U32, Count, Name, Text, Wire

Speak = Literal["now", "when_idle", "never"]


class SessionStart(Wire):
    """Begins a new session. The first message of a connection, unless that is `session.resume`."""

    type: Literal["session.start"] = "session.start"
    config: Config = Config()
    """What differs from the server's defaults."""
    capture: bool = False
    """Asks the server to write this session down; `session.started` says whether it does."""


class SessionResume(Wire):
    """Returns to a session whose connection was lost. The first message of a connection."""

    type: Literal["session.resume"] = "session.resume"
    session: Name
    """The `session` of `session.started`."""
    token: Name
    """The `token` of `session.started`."""
    last_seq: Count
    """The `seq` of the last message that arrived; 0 if none did."""
    response: U32 | None = None
    """The response that sounds, or sounded last."""
    played_ms: U32 | None = None
    """How far the loudspeaker is in it, as in `playback`. Its audio goes on from there."""


class SessionUpdate(Wire):
    """Changes the configuration; what is absent stays. Answered by `session.updated`."""

    type: Literal["session.update"] = "session.update"
    config: Config
    """What changes."""


class SessionEnd(Wire):
    """A polite end. Answered by `session.ended`, then the connection closes with 1000."""

    type: Literal["session.end"] = "session.end"


class UserText(Wire):
    """A typed turn. Answered as if it had been said."""

    type: Literal["user.text"] = "user.text"
    text: Text
    """What the user typed, without the spaces around it."""
    interrupt: bool = True
    """Whether it ends the response that is being spoken; if not, it is answered after that."""


class Interrupt(Wire):
    """The stop button: ends the current response. Without one, nothing happens."""

    type: Literal["interrupt"] = "interrupt"


class Playback(Wire):
    """Where the loudspeaker is in a response. Every 200 ms while playing, and once after every stop."""

    type: Literal["playback"] = "playback"
    response: U32
    """Which response."""
    played_ms: U32
    """From the response's first sample to the last that sounded. After `response.resume` it goes back."""


class TurnStart(Wire):
    """Push-to-talk: pressed. Only with `turn.mode` = `manual`."""

    type: Literal["turn.start"] = "turn.start"


class TurnCommit(Wire):
    """Push-to-talk: released; the turn is answered. Only with `turn.mode` = `manual`."""

    type: Literal["turn.commit"] = "turn.commit"


class ToolResult(Wire):
    """Answers a `tool.call`. May come while the assistant speaks."""

    type: Literal["tool.result"] = "tool.result"
    call: Name
    """The `call` of the `tool.call`."""
    output: JsonValue = None
    """What the tool returned: any JSON value."""
    error: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    """Why the tool failed, in place of `output`."""
    final: bool = True
    """False: there is more to come for this call."""
    speak: Speak = "now"
    """Whether the assistant speaks about it at once, when nobody speaks, or not at all."""

    @field_validator("error")
    @classmethod
    def _only_one(cls, error: str | None, info: ValidationInfo) -> str | None:
        if error is not None and info.data.get("output") is not None:
            raise ValueError("expected only one of output and error")
        return error


class ContextAdd(Wire):
    """New information for the assistant, in the midst of the conversation."""

    type: Literal["context.add"] = "context.add"
    text: Text
    """What the assistant should know."""
    speak: Speak = "now"
    """Whether the assistant speaks about it at once, when nobody speaks, or not at all."""


class Ack(Wire):
    """All messages up to here arrived. At least every second while there is something to acknowledge."""

    type: Literal["ack"] = "ack"
    seq: Count
    """The `seq` of the last message that arrived."""


ClientMessage = (
    SessionStart
    | SessionResume
    | SessionUpdate
    | SessionEnd
    | UserText
    | Interrupt
    | Playback
    | TurnStart
    | TurnCommit
    | ToolResult
    | ContextAdd
    | Ack
    | Ping
    | ClientPong
)
