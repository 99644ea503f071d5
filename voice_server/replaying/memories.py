"""What was asked of the models in a captured session, what they answered, and how long that took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low
from typing import Any

from voice_server.core.tools import ToolCall
from voice_server.core.trace import decode
from voice_server.observing.trace_sink import Record


@dataclass(frozen=True, slots=True)
class Answered:
    """One question about a span of the input, and its answer."""

    start_ms: int
    end_ms: int
    final: bool
    event: Record
    took_ms: int


@dataclass(slots=True)
class Generated:
    """One response's text: its prompt's last message, and each piece with its ms since the order."""

    asked: str
    pieces: list[tuple[int, str | ToolCall]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that was to be said."""
        return "".join(piece for _, piece in self.pieces if isinstance(piece, str))


@dataclass(frozen=True, slots=True)
class Output:
    """A part of a tool's result, or why there is none, with its ms since the call."""

    after_ms: int
    text: str
    final: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long a model takes, in ms. The defaults are those of the default models on two cores."""

    partial_ms: int = 90
    final_ms: int = 90
    score_ms: int = 30
    first_token_ms: int = 90
    token_ms: int = 12
    clause_ms: int = 60


@dataclass(slots=True)
class Memories:
    """All of one session."""

    transcribed: list[Answered] = field(default_factory=list)
    scored: list[Answered] = field(default_factory=list)
    generated: dict[int, Generated] = field(default_factory=dict)
    clauses_ms: dict[str, int] = field(default_factory=dict)
    """From the order for a clause to its first sound."""
    tools: dict[tuple[str, str], list[Output]] = field(default_factory=dict)
    """What the server's own tools gave, by name and arguments."""

    def latencies(self) -> Latencies:
        """The medians; the defaults where nothing was asked."""
        pieces = [generated.pieces for generated in self.generated.values() if generated.pieces]
        steps = [b[0] - a[0] for each in pieces for a, b in pairwise(each)]
        known = {
            "partial_ms": [a.took_ms for a in self.transcribed if not a.final],
            "final_ms": [a.took_ms for a in self.transcribed if a.final],
            "score_ms": [a.took_ms for a in self.scored],
            "first_token_ms": [each[0][0] for each in pieces],
            "token_ms": steps,
            "clause_ms": list(self.clauses_ms.values()),
        }
        return Latencies(**{name: median_low(values) for name, values in known.items() if values})


def remembered(core: Iterable[Record]) -> Memories:
    """Put orders and answers together."""
    memories, orders = Memories(), _Orders()
    for record in core:
        if event := record.get("event"):
            _answer(memories, orders, event, record["at"])
        for command in record.get("commands", ()):
            orders.note(command, record["at"])
            if command["type"] == "Generate":
                memories.generated[command["response"]] = Generated(_last(command["messages"]))
    return memories


class _Orders:
    """Orders by what their answers name, and when they were given."""

    def __init__(self) -> None:
        self._given: dict[tuple[Any, ...], tuple[Record, int]] = {}
        self.generate_ms: dict[int, int] = {}

    def note(self, order: Record, at_ms: int) -> None:
        match order["type"]:
            case "RunTool":
                self._given["RunTool", order["call"]["id"]] = order, at_ms
            case "Transcribe" | "ScoreTurn" as kind:
                self._given[kind, order["request"]] = order, at_ms
            case "Synthesize":
                self._given["Synthesize", order["response"], order["clause"]] = order, at_ms
            case "Generate":
                self.generate_ms[order["response"]] = at_ms

    def take(self, *key: Any) -> tuple[Record, int] | None:
        """The order, once."""
        return self._given.pop(key, None)

    def look_up(self, *key: Any) -> tuple[Record, int] | None:
        """The order; more may come of it."""
        return self._given.get(key)


def _answer(memories: Memories, orders: _Orders, event: Record, at_ms: int) -> None:
    match event["type"]:
        case "Transcribed" | "TranscriptionFailed":
            _about_span(memories.transcribed, orders.take("Transcribe", event["request"]), event, at_ms)
        case "TurnScored" | "TurnScoringFailed":
            _about_span(memories.scored, orders.take("ScoreTurn", event["request"]), event, at_ms)
        case "TextGenerated":
            _generate(memories, orders, event, at_ms, event["text"])
        case "ToolCallProposed":
            _generate(memories, orders, event, at_ms, decode(ToolCall, event["call"]))
        case "ToolAnswered":
            _about_tool(memories, orders.look_up("RunTool", event["call"]), event, at_ms)
        case "AudioSynthesized":
            if given := orders.take("Synthesize", event["response"], event["clause"]):
                memories.clauses_ms[given[0]["text"]] = at_ms - given[1]


def _generate(memories: Memories, orders: _Orders, event: Record, at_ms: int, piece: str | ToolCall) -> None:
    response = event["response"]
    if generated := memories.generated.get(response):  # else it was asked for where records are missing
        generated.pieces.append((at_ms - orders.generate_ms[response], piece))


def _about_span(answers: list[Answered], given: tuple[Record, int] | None, event: Record, at_ms: int) -> None:
    if given:
        order, asked_ms = given
        final = order.get("final", False)
        answers.append(Answered(order["start_ms"], order["end_ms"], final, event, at_ms - asked_ms))


def _about_tool(memories: Memories, given: tuple[Record, int] | None, event: Record, at_ms: int) -> None:
    if given:
        call, called_ms = given[0]["call"], given[1]
        failed = event["output"] is None
        text = str(event["error"] if failed else event["output"])
        output = Output(at_ms - called_ms, text, event["final"], failed)
        memories.tools.setdefault((call["name"], call["arguments"]), []).append(output)


def _last(messages: list[Record]) -> str:
    return str(messages[-1]["content"]) if messages else ""
