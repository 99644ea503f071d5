"""One utterance of the user, pauses included: its span, its words, and what its silence is worth."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice_server.core.policy import Policy
from voice_server.core.transcript import Transcript


@dataclass
class Turn:
    """`*_at_ms` is on the input clock, other times on the session clock."""

    id: int
    """0 while it is only overheard: nobody was told of it."""
    start_at_ms: int
    from_at_ms: int
    """Where the sound begins that is given to the models: a little before the onset."""
    interval_ms: int
    """From one hypothesis to the request for the next, at most."""
    overheard: bool = False
    """A sound that nobody has the floor for; words in it would change that."""
    transcript: Transcript = field(default_factory=Transcript)
    covered_at_ms: int = 0
    """The end of the sound that the last hypothesis was made of."""
    words_at_ms: int = 0
    """The same, for the last hypothesis that brought new words."""
    faded: bool = False
    """Whether the last hypothesis was made where the voice had faded: it may have all the words."""
    doubted: bool = False
    """Whether the transcriber doubts its last hypothesis, and the one before did not take the floor."""
    early: str | None = None
    """The words up to the last fading of the voice, which may have been the end."""
    early_at_ms: int | None = None
    """Where that was."""
    end_at_ms: int | None = None
    silent_since_ms: int | None = None
    final: str | None = None
    final_ms: int | None = None
    opinions: tuple[float, ...] = ()
    """What the turn detector thought of the present silence, oldest first."""
    over: bool = False
    """The end of the turn has been decided; only the final transcript is still awaited."""

    def __post_init__(self) -> None:
        self.covered_at_ms = self.words_at_ms = self.start_at_ms

    @property
    def text(self) -> str:
        """The words, as far as they are known."""
        return self.transcript.text if self.final is None else self.final

    @property
    def covered_ms(self) -> int:
        """How much of the sound the last hypothesis was made of."""
        end_at_ms = self.covered_at_ms if self.end_at_ms is None else self.end_at_ms
        return max(0, end_at_ms - self.start_at_ms)

    @property
    def wordless_ms(self) -> int:
        """How much of the sound at its end brought no new words: much, where a noise goes on."""
        return self.covered_at_ms - self.words_at_ms

    def next_in_ms(self, policy: Policy) -> int:
        """From one hypothesis to the request for the next."""
        opening = self.covered_ms < policy.opening_ms and not self.overheard
        return min(self.interval_ms, policy.opening_interval_ms) if opening else self.interval_ms

    def revise(self, text: str, covered_at_ms: int) -> None:
        """A hypothesis came, made of the sound up to `covered_at_ms`."""
        self.covered_at_ms = covered_at_ms
        if self.transcript.revise(text):
            self.words_at_ms = covered_at_ms

    def close(self, text: str, now_ms: int) -> None:
        """The final hypothesis came."""
        self.final, self.final_ms = self.transcript.close(text), now_ms

    def go_on(self, at_ms: int) -> None:
        """The user speaks again, from `at_ms` on: what the silence was worth is forgotten."""
        self.end_at_ms = self.silent_since_ms = self.final = self.final_ms = None
        self.early = self.early_at_ms = None
        self.opinions = ()
        self.over = False
        self.words_at_ms = max(at_ms, self.words_at_ms)

    def forget(self, before_at_ms: int) -> None:
        """There were no words that mattered before this."""
        self.start_at_ms = max(self.start_at_ms, before_at_ms)
        self.from_at_ms = max(self.from_at_ms, self.start_at_ms)
        self.transcript = Transcript()
