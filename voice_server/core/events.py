"""What can happen to a session. Plain data; everything that decides is in `session`.

`at_ms` and `heard_ms` are on the input clock (audio received so far, as time); every event is received at a
`now_ms` on the session clock. `request` and `response` ids are given out by the core: an event that carries
one that is no longer current is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig
from voice_server.core.requests import RequestEvent
from voice_server.core.tools import Speak, ToolCall


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """The client is there and its configuration is known."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The client changed its configuration."""

    config: SessionConfig


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The VAD, after hysteresis, hears speech that began at `at_ms`; it has heard up to `heard_ms`."""

    at_ms: int
    heard_ms: int


@dataclass(frozen=True, slots=True)
class SpeechFaded:
    """The first quiet window in speech, which may have ended at `at_ms`; or else it goes on."""

    at_ms: int
    heard_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The VAD, after hysteresis, hears that speech ended at `at_ms`."""

    at_ms: int
    heard_ms: int


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The hypothesis that was asked for as `request`."""

    request: int
    text: str
    avg_logprob: float
    no_speech_prob: float


@dataclass(frozen=True, slots=True)
class TranscriptionFailed:
    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class TurnScored:
    """How likely (0 to 1) the turn was over at the end of the sound of `request`."""

    request: int
    probability: float


@dataclass(frozen=True, slots=True)
class TurnScoringFailed:
    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class TextGenerated:
    response: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallProposed:
    """The model calls a tool. `problem`: what is wrong with the arguments, in words fit for the model."""

    response: int
    call: ToolCall
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class GenerationEnded:
    response: int


@dataclass(frozen=True, slots=True)
class GenerationFailed:
    response: int
    reason: str


@dataclass(frozen=True, slots=True)
class AudioSynthesized:
    """A piece of a clause is there to be played; positions count from its own first sample."""

    response: int
    clause: int
    samples: int
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class ClauseSynthesized:
    """All of the clause's audio is there."""

    response: int
    clause: int


@dataclass(frozen=True, slots=True)
class SynthesisFailed:
    response: int
    clause: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlaybackReported:
    response: int
    played_ms: int


@dataclass(frozen=True, slots=True)
class UserTyped:
    text: str
    interrupt: bool = True


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """A tool's result, or a part of it (not `final`): either `output` or `error`, both fit for the model."""

    call: str
    output: str | None
    error: str | None
    final: bool = True
    speak: Speak = "now"


@dataclass(frozen=True, slots=True)
class ContextAdded:
    """Something that the assistant should know from now on."""

    text: str
    speak: Speak = "now"


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The client's stop button."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """Push-to-talk: pressed, at this point of the input clock."""

    heard_ms: int


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """Push-to-talk: released, at this point of the input clock."""

    heard_ms: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The client is gone without a word and may come back. It was sent `sent` samples of this response."""

    response: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """The client is gone, and all of the user's voice that had arrived has been heard, up to here."""

    heard_ms: int


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The client is back. `played_ms`: how much of this response its loudspeaker played, if it says so."""

    heard_ms: int
    response: int = 0
    played_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TextHeld:
    """The client has so much to read yet that no more text of this response is made; or no longer."""

    response: int
    held: bool


@dataclass(frozen=True, slots=True)
class SessionEnding:
    """The session is about to end; what still runs is brought to its end."""

    reason: str


@dataclass(frozen=True, slots=True)
class DraftDeclined:
    """An early draft was not begun: others need the model."""

    response: int


ResponseEvent = (
    TextGenerated
    | DraftDeclined
    | ToolCallProposed
    | GenerationEnded
    | GenerationFailed
    | AudioSynthesized
    | ClauseSynthesized
    | SynthesisFailed
    | PlaybackReported
)
"""What happens to one response; ignored when that is no longer the current one."""

NewsEvent = ToolAnswered | ContextAdded
"""What the assistant learns or is asked for, whoever speaks."""

ClientEvent = (
    SessionBegan | Configured | UserTyped | Interrupted | TurnStarted | TurnCommitted | SessionEnding
)
"""What the client does, other than speaking."""

PresenceEvent = Disconnected | SoundEnded | Reconnected | TextHeld
"""The client's connection is lost, or there is one again, or hardly."""

VoiceEvent = (
    SpeechStarted
    | SpeechFaded
    | SpeechStopped
    | Transcribed
    | TranscriptionFailed
    | TurnScored
    | TurnScoringFailed
)
"""What is heard of the user's voice, and what the models make of it."""

Event = ClientEvent | NewsEvent | RequestEvent | PresenceEvent | VoiceEvent | ResponseEvent
