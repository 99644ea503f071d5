"""What a session wants, and the thresholds that follow from it.

`SessionConfig` is what a client may set. `Policy` is what the server is set to. People turn one dial,
`responsiveness`; `endpointing` derives the waiting times from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from voice_server.core.tools import ToolSpec

DEFAULT_INSTRUCTIONS = (
    "You are a friendly voice assistant. Your words are spoken aloud: "
    "answer in one or two short, plain sentences."
)


@dataclass(frozen=True, slots=True)
class TurnConfig:
    """How turns are taken. `manual` is push-to-talk: the client says when a turn starts and ends."""

    mode: Literal["auto", "manual"] = "auto"
    responsiveness: float = 0.5
    barge_in: bool = True
    hears_over: bool = False
    """Without barge-in: what is said over an answer is a turn, answered after it; or else it is not heard."""
    answers: bool = True
    """Whether a spoken turn is answered; or else the client asks for each answer."""
    silence_limit_ms: int | None = None
    """In automatic mode: so long after an answer the user's silence is a turn without words, and answered."""


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What one session wants, resolved: every field has its value."""

    instructions: str = DEFAULT_INSTRUCTIONS
    language: str = "en"
    voice: str | None = None
    greeting: str | None = None
    input_rate_hz: int = 16_000
    output_rate_hz: int = 22_050
    speech: bool = True
    """Whether answers are spoken, or only written."""
    turn: TurnConfig = field(default_factory=TurnConfig)
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[ToolSpec, ...] = ()
    """The client's own."""
    server_tools: tuple[ToolSpec, ...] = ()
    """The server's: no client may set them."""
    must_call: tuple[str, ...] = ()
    """The names of tools, one of which every answer has to call. Empty: the model may do as it likes."""
    filler: str | None = None
    """Said once while a slow tool runs, if nobody speaks. None: nothing is said."""
    filler_after_ms: int = 1_000
    """A tool is slow when it takes longer."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The server's own limits and waiting times, the same for every session."""

    partial_interval_ms: int = 200
    """From one hypothesis of a running turn to the request for the next."""
    opening_ms: int = 700
    opening_interval_ms: int = 60
    """The same where a turn begins: its first word is seldom in the first hypothesis, but in the second."""
    stale_words_ms: int = 2_500
    """The VAD hears speech but no new words come in so much of it: a noise goes on, the turn is over."""
    turn_limit_ms: int = 25_000
    """Longer speech is split into turns: Whisper hears at most 30 s at once."""
    preroll_ms: int = 300
    """Sound before the onset that is given to the transcriber: the VAD is late, and plosives are soft."""
    score_interval_ms: int = 60
    """From one opinion of the turn detector on a silence to the request for the next."""
    transcript_timeout_ms: int = 5_000
    generation_stall_ms: int = 8_000
    """No token for this long, and the language model counts as down."""
    synthesis_stall_ms: int = 8_000
    """Nothing to play for this long although a clause is due, and the synthesizer counts as down."""
    contest_first_ms: int = 300
    """So much of a sound over the assistant's voice is transcribed first."""
    contest_interval_ms: int = 30
    background_interval_ms: int = 500
    """A noise that was taken back and goes on is transcribed so often, in case words come in it."""
    background_overlap_ms: int = 1_000
    """So much of a noise without words is looked at again, in case a word had begun at its end."""
    contest_limit_ms: int = 2_500
    """A contested floor is decided after this long in any case."""
    noise_ms: int = 400
    """So much of a sound without a word in it is a noise. With 300, 5 of 40 interruptions were, at first."""
    backchannel_ms: int = 400
    """So much of a sound that is only a backchannel is one, even if it goes on; more words may confirm it."""
    tool_timeout_ms: int = 600_000
    """A call whose tool sets no limit of its own has failed after this long without its result."""
    tool_output_chars: int = 4_000
    """A longer result is shortened for the model, whose context has to hold it."""
    tool_rounds: int = 5
    """So many answers in a row may call tools without a word of the user: a model that loops is stopped."""
    idle_limit_ms: int | None = None
    """Nobody spoke for this long: the session ends. None: never."""
    unsaid: str = "I do not know what to say."
    """What a silence that counts as a turn is taken for: of a note about it SmolLM2-135M makes nothing."""
    apology: str = "Sorry, something went wrong and I have no answer. Please ask me again."
