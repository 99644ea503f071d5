"""A tiny world around the core: a clock, a user, and models that answer when they are told to.

Nothing here decides about turns. It keeps the orders that wait for an answer, the commands that came, and a
tape of everything the session was told, so that another session can be told the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from voice_server.core import commands, events
from voice_server.core.playout import Word
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.session import Session
from voice_server.core.tools import Speak, ToolCall
from voice_server.core.turns import Floor

Some = TypeVar("Some")

RATE_HZ = 16_000
WORD_MS = 250
"""How long the world's voice takes over a word."""

ANSWER = "Certainly, that is easy. It is a quarter past ten now."

Told = tuple[events.Event | None, int]
"""What a session was told, and when; None for the alarm clock."""


def placed(text: str, rate_hz: int = RATE_HZ) -> tuple[int, tuple[Word, ...]]:
    """The samples and words of `text` spoken evenly."""
    step = WORD_MS * rate_hz // 1000
    words = tuple(Word(word, i * step, (i + 1) * step) for i, word in enumerate(text.split()))
    return len(words) * step, words


@dataclass
class World:
    """Tells one session what happens and keeps what it wants."""

    config: SessionConfig = field(default_factory=lambda: SessionConfig(output_rate_hz=RATE_HZ))
    policy: Policy = field(default_factory=Policy)
    now_ms: int = 0
    delay_ms: int = 0
    """How far the input clock is behind the session clock."""
    watch: Callable[[commands.Command, int], None] | None = None

    def __post_init__(self) -> None:
        self.first_config = self.config
        self.session = Session(self.config, self.policy)
        self.told: list[Told] = []
        self.said: list[tuple[int, commands.Command]] = []
        self.speaking = False
        self.edge_ms = 0  # where the voice last began or ended: the VAD does not go back behind it
        self.transcription: commands.Transcribe | None = None
        self.score: commands.ScoreTurn | None = None
        self.generating: int | None = None
        self.clauses: list[commands.Synthesize] = []
        self.spoken_words = 0
        self.away = False

    # ── telling ──

    def tell(self, event: events.Event) -> list[commands.Command]:
        """The event happens now."""
        self.told.append((event, self.now_ms))
        return self._note(self.session.receive(event, self.now_ms))

    def ring(self) -> list[commands.Command]:
        """The alarm clock rings now, due or not."""
        self.told.append((None, self.now_ms))
        decided = self._note(self.session.expire(self.now_ms))
        due_ms = self.session.next_deadline()
        assert due_ms is None or due_ms > self.now_ms, "the alarm clock would ring without end"
        return decided

    def wait(self, ms: int) -> None:
        """Time passes, and the alarm clock rings when it is due."""
        until_ms = self.now_ms + ms
        while (due_ms := self.session.next_deadline()) is not None and due_ms <= until_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.ring()
        self.now_ms = until_ms

    def wait_late(self, ms: int) -> None:
        """Time passes while nobody looks at the alarm clock."""
        self.now_ms += ms

    # ── the user ──

    @property
    def heard_ms(self) -> int:
        """The input clock."""
        return max(0, self.now_ms - self.delay_ms)

    def start_speaking(self, onset_ms: int = 80) -> None:
        """The VAD hears an onset, which was `onset_ms` ago."""
        self.speaking = True
        self.edge_ms = max(self.edge_ms, self.heard_ms - onset_ms)
        self.tell(events.SpeechStarted(self.edge_ms, self.heard_ms))

    def fade(self, silence_ms: int = 60) -> None:
        """The VAD hears a first quiet window, which began `silence_ms` ago."""
        self.tell(events.SpeechFaded(max(self.edge_ms, self.heard_ms - silence_ms), self.heard_ms))

    def stop_speaking(self, silence_ms: int = 200) -> None:
        """The VAD hears silence, which began `silence_ms` ago."""
        self.speaking = False
        self.edge_ms = max(self.edge_ms, self.heard_ms - silence_ms)
        self.tell(events.SpeechStopped(self.edge_ms, self.heard_ms))

    def configure(self, config: SessionConfig) -> None:
        """The client changes its settings."""
        self.config = config
        self.tell(events.Configured(config))

    # ── the connection ──

    def disconnect(self, response: int = 0, sent: int = 0) -> None:
        """It is lost; so much of a response had been sent."""
        self.away = True
        self.tell(events.Disconnected(response, sent))

    def end_sound(self) -> None:
        """The ear has heard all that had arrived."""
        self.speaking = False
        self.edge_ms = max(self.edge_ms, self.heard_ms)
        self.tell(events.SoundEnded(self.heard_ms))

    def reconnect(self, response: int = 0, played_ms: int | None = None) -> None:
        """The client is back."""
        self.away = False
        self.tell(events.Reconnected(self.heard_ms, response, played_ms))

    # ── the models ──

    def transcribe(self, text: str, logprob: float = -0.2, no_speech: float = 0.01) -> None:
        """The transcriber answers."""
        if order := self.transcription:
            self.transcription = None
            self.tell(events.Transcribed(order.request, text, logprob, no_speech))

    def fail_transcription(self) -> None:
        """The transcriber fails."""
        if order := self.transcription:
            self.transcription = None
            self.tell(events.TranscriptionFailed(order.request, "it broke"))

    def score_turn(self, probability: float | None) -> None:
        """The turn detector answers, or fails (None)."""
        if order := self.score:
            self.score = None
            self.tell(
                events.TurnScoringFailed(order.request, "it broke")
                if probability is None
                else events.TurnScored(order.request, probability)
            )

    def generate(self, text: str) -> None:
        """The language model says more."""
        if self.generating is not None:
            self.tell(events.TextGenerated(self.generating, text))

    def propose(self, tool: str, arguments: str = "{}", problem: str | None = None) -> None:
        """The language model calls a tool."""
        if self.generating is not None:
            call = ToolCall("call_0", tool, arguments)  # models repeat their ids
            self.tell(events.ToolCallProposed(self.generating, call, problem))

    def give(self, output: str | None = "ok", speak: Speak = "now", *, final: bool = True) -> None:
        """The tool that was called first answers; None: it fails."""
        if self.calls:
            error = "it broke" if output is None else None
            self.tell(events.ToolAnswered(self.calls[0], output, error, final, speak))

    def end_generation(self, failure: str | None = None) -> None:
        """The language model has said everything, or fails."""
        if (response := self.generating) is not None:
            self.generating = None
            self.tell(
                events.GenerationFailed(response, failure) if failure else events.GenerationEnded(response)
            )

    def synthesize(self, *, whole: bool = True) -> None:
        """The next clause is spoken; not `whole`: its next word, and more later."""
        if not self.clauses:
            return
        clause = self.clauses[0]
        unspoken = clause.text.split()[self.spoken_words :]
        now = unspoken if whole else unspoken[:1]
        self.spoken_words += len(now)
        samples, words = placed(" ".join(now))
        self.tell(events.AudioSynthesized(clause.response, clause.clause, samples, words))
        if whole and clause in self.clauses:  # the audio may have been the last straw
            self.clauses.remove(clause)
            self.spoken_words = 0
            self.tell(events.ClauseSynthesized(clause.response, clause.clause))

    def fail_synthesis(self) -> None:
        """The synthesizer fails at the next clause, and says nothing more of that response."""
        if self.clauses:
            clause = self.clauses[0]
            self.clauses, self.spoken_words = [], 0
            self.tell(events.SynthesisFailed(clause.response, clause.clause, "it broke"))

    def answer_everything(self, hypothesis: str, answer: str = ANSWER) -> None:
        """Every model answers what is asked of it, until nothing waits."""
        for _ in range(1_000):
            if self.transcription:
                self.transcribe(hypothesis)
            elif self.score:
                self.score_turn(0.9)
            elif self.generating is not None:
                self.generate(answer)
                self.end_generation()
            elif self.clauses:
                self.synthesize()
            else:
                return
        raise AssertionError("the session asks for ever")

    def transcribe_until(self, over: Callable[[], object], hypothesis: str) -> None:
        """Time passes, and the transcriber always answers the same, until it is `over`."""
        for _ in range(1_000):
            if over():
                return
            self.wait(50)
            self.transcribe(hypothesis)
        raise AssertionError(f"after 50 s of {hypothesis!r} it is not over")

    def live(self, ms: int, hypothesis: str, step_ms: int = 50) -> None:
        """Time passes while every model answers at once."""
        for _ in range(ms // step_ms):
            self.wait(step_ms)
            self.answer_everything(hypothesis)

    # ── what came ──

    @property
    def calls(self) -> list[str]:
        """The calls whose results are awaited, oldest first."""
        return [opened.call.id for opened in self.session.open_calls]

    def floor(self) -> Floor:
        """Who may speak now."""
        return self.session.floor

    def every(self, kind: type[Some]) -> list[Some]:
        """The commands of this kind so far."""
        return [command for _, command in self.said if isinstance(command, kind)]

    def clear(self) -> None:
        """Look only at what comes from now on."""
        self.said.clear()

    def _note(self, decided: list[commands.Command]) -> list[commands.Command]:
        for command in decided:
            self.said.append((self.now_ms, command))
            self._take_order(command)
            if self.watch:
                self.watch(command, self.now_ms)
        return decided

    def _take_order(self, command: commands.Command) -> None:
        match command:
            case commands.Transcribe():
                self.transcription = command  # a newer question replaces the older one, as in the runtime
            case commands.ScoreTurn():
                self.score = command
            case commands.Generate():
                self.generating = command.response
            case commands.Synthesize():
                self.clauses.append(command)
            case commands.Curtail():
                self.generating = None if self.generating == command.response else self.generating
                kept = [clause for clause in self.clauses if clause.clause < command.clauses]
                self.clauses, self.spoken_words = kept, self.spoken_words if kept else 0
            case commands.Discard():
                self.generating = None if self.generating == command.response else self.generating
                self.clauses, self.spoken_words = [], 0
            case _:
                pass


def told_again(
    config: SessionConfig, policy: Policy, told: list[Told], *, shift_ms: int = 0
) -> tuple[Session, list[list[commands.Command]]]:
    """Another session that is told the same, `shift_ms` later, and what it decided."""
    session = Session(config, policy)
    decided = [
        session.receive(event, now_ms + shift_ms) if event else session.expire(now_ms + shift_ms)
        for event, now_ms in told
    ]
    return session, decided
