"""What we ask of the world: one small Protocol for each thing, fitted by the adapters.

Rules for all of them:

- Calls may overlap unless a docstring says otherwise: one object serves every session of the process.
- Cancelling the awaiting task, or closing the generator, abandons the work: a thread may finish the piece
  that it is in, but nothing of it is delivered and nothing more is begun.
- A failure is raised as `errors.ModelError` (or `OverloadedError`; a tool's as `ToolError`), never as the
  library's own exception.
- `deadline_ms` is on the clock of `Clock.now_ms`: when the result is needed. Earlier deadlines go first; a
  missed deadline is not an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

from voice_server.audio.pcm import Pcm
from voice_server.core.commands import Fact
from voice_server.core.conversation import Message
from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig
from voice_server.core.tools import Speak, ToolCall, ToolSpec
from voice_server.errors import ToolError

T = TypeVar("T")


class Clock(Protocol):
    """Monotonic time. Tests use a virtual one."""

    def now_ms(self) -> int:
        """Whole milliseconds since some fixed moment."""

    async def wait(self, woken: asyncio.Event, until_ms: int | None) -> None:
        """Return when `woken` is set; set it at `until_ms` if nobody has. None: whenever that may be."""


class Workers(Protocol):
    """A bounded set of threads for blocking model calls, earliest deadline first."""

    async def run(self, work: Callable[[], T], *, deadline_ms: int, model: str, alone: bool = False) -> T:
        """Run `work` in a thread. `model` labels it in metrics. Raises OverloadedError if the queue is full.

        `alone`: it uses several cores by itself, and nothing else begins while it runs.

        Cancelling before `work` has begun removes it from the queue.
        """


class Cores(Protocol):
    """What the machine is doing, for who can wait and who cannot. The properties may be read anywhere."""

    @property
    def crowded(self) -> bool:
        """Whether work runs or waits that needs every core."""

    @property
    def busy(self) -> bool:
        """Whether any work runs or waits."""

    @property
    def claimed(self) -> bool:
        """Whether somebody has claimed them."""

    def claim(self, who: object, deadline_ms: int) -> None:
        """Until `who` releases them, no work begins that is needed later than this."""

    def release(self, who: object) -> None:
        """Work begins as usual, if they were claimed. From any thread."""

    async def calm(self, *, unclaimed: bool = False) -> None:
        """Return when they are not crowded, nor claimed, if that matters."""


class VoiceDetector(Protocol):
    """Says how likely it is that somebody is speaking."""

    def open(self) -> VoiceStream:
        """A new stream with its own state, for one session."""


class VoiceStream(Protocol):
    """One session's voice activity. Calls must not overlap."""

    async def push(self, frame: Pcm) -> float:
        """The probability of speech (0 to 1) after this 20 ms frame, shape (320,), 16 kHz."""

    def skip(self, frame: Pcm) -> None:
        """Hear this frame without judging it: cheap, and the next `push` still knows what came before."""

    def reset(self) -> None:
        """Forget what was heard so far, as after a gap in the sound."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a transcriber made of a piece of sound."""

    text: str
    avg_logprob: float
    """Mean log-probability per token; near 0 is sure, below -1 is a guess."""
    no_speech_prob: float
    """Whisper's own probability that nobody spoke."""


class Transcriber(Protocol):
    """Speech to text, on the whole piece each time."""

    async def transcribe(self, samples: Pcm, *, deadline_ms: int, language: str, final: bool) -> Hypothesis:
        """Transcribe 16 kHz samples. `final` may take longer for a better text."""


class TurnDetector(Protocol):
    """Hears in the sound whether the speaker has finished."""

    async def end_of_turn(self, samples: Pcm, *, deadline_ms: int) -> float:
        """The probability (0 to 1) that the turn ended with the last of these 16 kHz samples."""


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """How to generate. None means the model's own default."""

    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[ToolSpec, ...] = ()
    """What the model may call."""
    must_call: bool = False
    """Whether it has to call one of them, where it can be made to."""
    early: bool = False
    """It may well be thrown away: raise OverloadedError rather than make others wait, or be paid for it."""
    deadline_ms: int | None = None
    """When its first words are needed; None: there is no hurry."""


class LanguageModel(Protocol):
    """Text to text, streamed."""

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """A prompt that begins like this is to come, with these tools: put it into the cache.

        May do nothing; never raises.
        """

    def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        """Stream the answer: pieces of text, and whole calls of tools. Closing the generator stops it.

        Little more is computed than is taken: who takes none for a while lets the model rest.

        A call's arguments are as the model wrote them: they need not be JSON, nor fit the tool's schema.
        """


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool gave: JSON or text for the model."""

    text: str
    final: bool = True
    """False: there is more to come."""
    speak: Speak = "now"
    """Whether the user hears of it at the next clause boundary, when nobody speaks, or never."""


class ToolRunner(Protocol):
    """The server's own tools."""

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What there is to be called; names differ."""

    def run(self, call: ToolCall) -> AsyncGenerator[ToolOutput, None]:
        """Run one of them, with arguments that fit its schema; the last output is final.

        Raises ToolError for whatever goes wrong in the tool, an unknown name included, and only that.
        """


class NoTools:
    """Fits `ToolRunner`: a server that has none."""

    specs: tuple[ToolSpec, ...] = ()

    async def run(self, call: ToolCall) -> AsyncGenerator[ToolOutput, None]:
        """There is nothing to run."""
        raise ToolError(f"there is no tool {call.name!r}")
        yield


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """A piece of synthesised speech."""

    samples: Pcm
    """At the synthesizer's `sample_rate_hz`."""
    words: tuple[Word, ...]
    """The words in it; positions count from the first sample of this chunk."""


class Synthesizer(Protocol):
    """Text to speech."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of every chunk."""

    @property
    def voices(self) -> tuple[str, ...]:
        """The names that `synthesize` knows. None of them: the first."""

    def synthesize(
        self, text: str, *, deadline_ms: int, voice: str | None
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Speak one clause. The words of all chunks, joined by spaces, are the words of `text`."""


class Farewell(Enum):
    """Why a connection is closed from our side."""

    ENDED = "the session ended"
    TOO_LARGE = "a message was too large, or too much came at once"
    RESTARTING = "the server restarts"
    UNRESPONSIVE = "the client stopped reading or answering"
    TAKEN_OVER = "another connection took the session over"
    FAILED = "an error of the server"


@dataclass(frozen=True, slots=True)
class Opened:
    """The session is there. `token` lets its client come back."""

    session: str
    token: str
    config: SessionConfig
    captured: bool = False
    """Whether it is written down."""


@dataclass(frozen=True, slots=True)
class Pinged:
    """Are you there? The peer answers with the same `t`, a reading of the asker's own clock."""

    t: float


@dataclass(frozen=True, slots=True)
class Ponged:
    """The answer to the peer's ping with this `t`."""

    t: float
    t_ms: int | None = None
    """What the peer's own clock showed then, if it says so."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that the client sent could not be used, and changed nothing."""

    code: str
    message: str
    field: str | None = None
    in_reply_to: str | None = None
    farewell: Farewell | None = None
    """Set where the connection cannot go on."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The client is back in its session; the messages from `from_seq` on follow again."""

    session: str
    token: str
    """In place of the one that the client came back with."""
    from_seq: int
    response: int | None = None
    """The response that goes on, if one was cut."""
    position: int | None = None
    """The sample of it at which its audio goes on."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """An answer of the link's own, back to it in its turn: after all that was said before it."""

    answer: object


Notice = Opened | Resumed | Pinged | Ponged | Refused | Relayed
"""What the client is told that does not come from the core."""


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """At most 20 ms of a response. `position`: of its first sample within the response."""

    response: int
    position: int
    last: bool
    pcm: bytes


class Link(Protocol):
    """One client's connection, whatever the transport. Calls do not overlap, except `close`.

    Sending waits while the client does not read; that is the backpressure. Sending on a connection that is
    gone raises ConnectionError.
    """

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> Sequence[str]:
        """Tell the client. `seq` counts from 1 within the session, `t_ms` is the session clock.

        Returns the messages that left for it, in the link's own protocol: for those who look on.
        """

    async def send_audio(self, frame: AudioFrame) -> Sequence[str]:
        """Send audio. Returns what else left with it, but for messages that are nothing but the sound."""

    async def close(self, farewell: Farewell) -> None:
        """Say why, and hang up."""


@dataclass(frozen=True, slots=True)
class Models:
    """The models that every session of the process shares."""

    gate: VoiceDetector
    """Cheap and quick to fire: asked first."""
    judge: VoiceDetector
    """Right more often: asked while the gate is open."""
    turns: TurnDetector
    transcriber: Transcriber
    language_model: LanguageModel
    synthesizer: Synthesizer
    tools: ToolRunner = field(default_factory=NoTools)
