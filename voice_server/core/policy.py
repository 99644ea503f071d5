"""What a session wants, and the thresholds that follow from it.

`SessionConfig` is what a client may set. `Policy` is what the server is set to. People turn one dial,
`responsiveness`; `endpointing` derives the waiting times from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What one session wants, resolved: every field has its value."""

    instructions: str = DEFAULT_INSTRUCTIONS
    language: str = "en"
    voice: str | None = None
    greeting: str | None = None
    input_rate_hz: int = 16_000
    output_rate_hz: int = 22_050
    turn: TurnConfig = field(default_factory=TurnConfig)
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The server's own limits and waiting times, the same for every session."""

    partial_interval_ms: int = 200
    """From one hypothesis of a running turn to the request for the next."""
    max_turn_ms: int = 28_000
    """Speech longer than this is committed: Whisper hears at most 30 s at once."""
    preroll_ms: int = 300
    """Sound before the onset that is given to the transcriber: the VAD is late, and plosives are soft."""
    postroll_ms: int = 100
    """Sound after the last speech that is given to the transcriber."""
    transcript_timeout_ms: int = 5_000
    generation_stall_ms: int = 8_000
    """No token for this long, and the language model counts as down."""
    contested_limit_ms: int = 1_500
    """A contested floor is decided after this long in any case."""
    confirm_speech_ms: int = 600
    """So much speech over the assistant is a barge-in, whatever the words."""
    idle_limit_ms: int | None = None
    """Nobody spoke for this long: the session ends. None: never."""
