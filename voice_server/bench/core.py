"""How fast the core decides: an hour of conversation, told again without waiting."""

from __future__ import annotations

import time
from dataclasses import dataclass

from voice_server.core import commands, events
from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig
from voice_server.core.session import Session
from voice_server.core.trace import Record, TracedSession, replay

HOUR_MS = 3_600_000
EXCHANGE_MS = 15_000
"""From one question to the next: four a minute, as people talk."""

SAID = "Well, could you tell me what time it is in Lisbon, please?"
ANSWERED = "It is a quarter past ten in Lisbon now. Shall I wake you at some hour tomorrow?"
BARGE_IN = "And in Rome?"
MODEL_MS = 60
WORD_MS = 300

Told = tuple[int, events.Event | None]
"""The session clock, and what happened; None: the alarm clock rang."""


@dataclass(frozen=True, slots=True)
class CoreSpeed:
    """How long a conversation took the core, alone and with its trace written and compared."""

    conversation_ms: int
    decisions: int
    commands: int
    core_s: float
    replay_s: float


def measure(length_ms: int = HOUR_MS) -> CoreSpeed:
    """Hold the conversation once, then tell a new session the same, on the clock."""
    conversation = Talk(SessionConfig(output_rate_hz=16_000))
    conversation.hold(length_ms)
    began_s = time.perf_counter()
    decided = _tell_again(conversation)
    core_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    differences = list(replay(conversation.records))
    replay_s = time.perf_counter() - began_s
    if differences:
        raise AssertionError(f"the core decided otherwise: {differences[0]}")
    return CoreSpeed(length_ms, len(conversation.told), decided, core_s, replay_s)


def _tell_again(conversation: Talk) -> int:
    session = Session(conversation.config)
    return sum(
        len(session.receive(event, now_ms) if event else session.expire(now_ms))
        for now_ms, event in conversation.told
    )


class Talk:
    """A user who asks, listens, and speaks over every third answer; models that answer after `MODEL_MS`."""

    def __init__(self, config: SessionConfig) -> None:
        self.config = config
        self.told: list[Told] = []
        self.records: list[Record] = []
        self._core = TracedSession(Session(config), self.records.append)
        self._now_ms = 0
        self._coming: list[tuple[int, int, events.Event]] = []
        self._saying = SAID.split()
        self._spoken_since_ms = 0

    def hold(self, length_ms: int) -> None:
        """Talk for so long."""
        for number, start_ms in enumerate(range(0, length_ms, EXCHANGE_MS)):
            self._speak(start_ms + 1_000, SAID)
            if number % 3 == 0:
                self._speak(start_ms + 6_500, BARGE_IN)
            self._run(start_ms + EXCHANGE_MS)

    def _speak(self, at_ms: int, text: str) -> None:
        self._run(at_ms)
        self._saying, self._spoken_since_ms = text.split(), at_ms
        self._tell(events.SpeechStarted(at_ms - 80, at_ms))
        end_ms = at_ms + len(self._saying) * WORD_MS
        self._run(end_ms)
        self._tell(events.SpeechFaded(end_ms - 60, end_ms))
        self._run(end_ms + 100)
        self._tell(events.SpeechStopped(end_ms - 60, end_ms + 100))

    def _run(self, until_ms: int) -> None:
        """What is due until then, in its order: answers of the models, the alarm clock, reports."""
        while True:
            alarm_ms = self._core.session.next_deadline()
            due = [at for at, _, _ in self._coming[:1]] + ([] if alarm_ms is None else [alarm_ms])
            if not due or min(due) > until_ms:
                break
            self._now_ms = max(self._now_ms, min(due))
            if self._coming and self._coming[0][0] <= self._now_ms:
                self._tell(self._coming.pop(0)[2])
            else:
                self._ring()
        self._now_ms = until_ms

    def _tell(self, event: events.Event) -> None:
        self.told.append((self._now_ms, event))
        self._obey(self._core.receive(event, self._now_ms))

    def _ring(self) -> None:
        self.told.append((self._now_ms, None))
        self._obey(self._core.expire(self._now_ms))

    def _obey(self, decided: list[commands.Command]) -> None:
        for command in decided:
            for delay_ms, event in self._answers(command):
                self._coming.append((self._now_ms + delay_ms, len(self.told), event))
        self._coming.sort(key=lambda coming: coming[:2])

    def _answers(self, command: commands.Command) -> list[tuple[int, events.Event]]:
        match command:
            case commands.Transcribe(request=request):
                heard = " ".join(self._saying[: self._words_said()])
                return [(MODEL_MS, events.Transcribed(request, heard, -0.2, 0.0))]
            case commands.ScoreTurn(request=request):
                return [(MODEL_MS // 2, events.TurnScored(request, 0.98))]
            case commands.Generate(response=response):
                return [*self._tokens(response), (4 * MODEL_MS, events.GenerationEnded(response))]
            case commands.Synthesize():
                return self._sound(command)
            case _:
                return []

    def _words_said(self) -> int:
        return (self._now_ms - self._spoken_since_ms) // WORD_MS

    def _tokens(self, response: int) -> list[tuple[int, events.Event]]:
        return [
            (MODEL_MS + 10 * index, events.TextGenerated(response, f"{word} "))
            for index, word in enumerate(ANSWERED.split())
        ]

    def _sound(self, order: commands.Synthesize) -> list[tuple[int, events.Event]]:
        step = WORD_MS * self.config.output_rate_hz // 1_000
        words = tuple(Word(word, i * step, (i + 1) * step) for i, word in enumerate(order.text.split()))
        made = events.AudioSynthesized(order.response, order.clause, len(words) * step, words)
        return [(MODEL_MS, made), (MODEL_MS, events.ClauseSynthesized(order.response, order.clause))]


def main() -> None:
    """Print the numbers."""
    speed = measure()
    print(
        f"{speed.conversation_ms / 60_000:.0f} min of conversation, {speed.decisions} decisions, "
        f"{speed.commands} commands: {speed.core_s:.3f} s in the core, {speed.replay_s:.3f} s as a trace"
    )


if __name__ == "__main__":
    main()
