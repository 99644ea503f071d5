"""A session whose server is gone, made again: told the same, it has decided the same.

What it had asked for and had not got is asked again, or told to have failed where nobody can answer any more:
the sound of the user's voice is gone with its server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from voice_server.core import commands, events
from voice_server.core.playout import Word
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.session import Session

WHY = "the server was lost"

Told = tuple[int, events.Event | None]
"""When, in session ms, and what; None: time had passed."""


@dataclass
class Making:
    """A response that is being made or spoken."""

    response: int
    request: commands.Generate | None = None
    """While its text is being generated."""
    text: str = ""
    """What was generated of it."""
    clauses: list[str] = field(default_factory=list)
    made: int = 0
    """So many of its clauses are there."""
    begun_samples: int = 0
    """So much of the next one is there."""
    begun_words: tuple[Word, ...] = ()
    """The words that begin in that; positions from the clause's first sample."""
    total_samples: int = 0
    finished: bool = False
    """No further clause will be wanted."""


class Revival:
    """A session told again. `session` has decided as it did; the rest says what was under way then."""

    def __init__(self, config: SessionConfig, policy: Policy) -> None:
        self.session = Session(config, policy)
        self.now_ms = 0
        self.making: dict[int, Making] = {}
        self._requests: dict[int, events.Event] = {}  # and what to tell instead of their answers
        self._tools: dict[str, events.Event] = {}

    @property
    def lost(self) -> tuple[events.Event, ...]:
        """What has to be told: the answers to all that nobody can answer any more."""
        return (*self._requests.values(), *self._tools.values())

    def tell(self, event: events.Event | None, now_ms: int) -> None:
        """One more thing that happened. Raises CoreError where it could not have."""
        self.now_ms = now_ms
        decided = self.session.receive(event, now_ms) if event else self.session.expire(now_ms)
        if event:
            self._note_event(event)
        for command in decided:
            self._note_command(command)

    def _note_event(self, event: events.Event) -> None:
        match event:
            case events.Transcribed() | events.TranscriptionFailed():
                self._requests.pop(event.request, None)
            case events.TurnScored() | events.TurnScoringFailed():
                self._requests.pop(event.request, None)
            case events.ToolAnswered(call=call, final=True):
                self._tools.pop(call, None)
            case _:
                if making := self.making.get(getattr(event, "response", 0)):
                    _follow(making, event)

    def _note_command(self, command: commands.Command) -> None:
        match command:
            case commands.Transcribe(request=request):
                self._requests[request] = events.TranscriptionFailed(request, WHY)
            case commands.ScoreTurn(request=request):
                self._requests[request] = events.TurnScoringFailed(request, WHY)
            case commands.RunTool(call=call):
                self._tools[call.id] = events.ToolAnswered(call.id, None, WHY)
            case commands.CancelTool(call=id):
                self._tools.pop(id, None)
            case commands.Discard(response=response):
                self.making.pop(response, None)
            case commands.Generate() | commands.Synthesize() | commands.FinishAudio() | commands.Curtail():
                making = self.making.setdefault(command.response, Making(command.response))
                _order(making, command)
            case _:
                pass


def revived(config: SessionConfig, policy: Policy, told: Iterable[Told]) -> Revival:
    """The session that was told this."""
    revival = Revival(config, policy)
    for now_ms, event in told:
        revival.tell(event, now_ms)
    return revival


def _order(
    making: Making,
    order: commands.Generate | commands.Synthesize | commands.FinishAudio | commands.Curtail,
) -> None:
    match order:
        case commands.Generate():
            making.request = order
        case commands.Synthesize():
            making.clauses.append(order.text)
        case commands.FinishAudio():
            making.finished = True
        case commands.Curtail(clauses=clauses, end_sample=end_sample):
            del making.clauses[clauses:]
            making.request, making.finished = None, True
            if end_sample is not None:
                making.made, making.begun_samples, making.begun_words = clauses, 0, ()
                making.total_samples = min(making.total_samples, end_sample)


def _follow(making: Making, event: events.Event) -> None:
    match event:
        case events.TextGenerated(text=text):
            making.text += text
        case events.GenerationEnded() | events.GenerationFailed() | events.DraftDeclined():
            making.request = None
        case events.AudioSynthesized(samples=samples, words=words):
            making.begun_words += tuple(word.shifted(making.begun_samples) for word in words)
            making.begun_samples += samples
            making.total_samples += samples
        case events.ClauseSynthesized(clause=clause):
            making.made, making.begun_samples, making.begun_words = clause + 1, 0, ()
        case _:
            pass
