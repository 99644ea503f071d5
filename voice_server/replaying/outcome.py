"""What came of a session, in numbers, from the decisions of its core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import quantiles

from voice_server.observing.trace_sink import Record

CUT_OFF_MS = 700
"""Who goes on speaking so soon after an answer was audible had not finished, and did not barge in."""


@dataclass(slots=True)
class Reply:
    """One response. Times are session ms."""

    response: int
    turn: int
    began_ms: int
    status: str = "open"
    gap_ms: int | None = None
    """From the end of the user's speech to its first audio; None where it was no answer to speech."""
    turn_end_ms: int | None = None
    """From the end of the user's speech until the turn was taken to be over."""
    sounded_ms: int | None = None
    stops: int = 0
    taken_back: int = 0
    cut_off: bool = False
    """It began to sound while the user was not done."""


@dataclass(slots=True)
class Outcome:
    """The whole session."""

    turns: dict[int, str] = field(default_factory=dict)
    """What the user said."""
    replies: list[Reply] = field(default_factory=list)

    @property
    def gaps_ms(self) -> list[int]:
        """Of every answer to speech that could be heard."""
        return [reply.gap_ms for reply in self.replies if reply.gap_ms is not None]

    @property
    def turn_ends_ms(self) -> list[int]:
        """How long the user's silences were, until they were taken for the end."""
        return [reply.turn_end_ms for reply in self.replies if reply.turn_end_ms is not None]

    @property
    def cut_offs(self) -> int:
        """Answers that came too early."""
        return sum(reply.cut_off for reply in self.replies)

    @property
    def stops(self) -> int:
        """Answers stopped by the user's voice."""
        return sum(reply.stops for reply in self.replies)

    @property
    def taken_back(self) -> int:
        """Of these, false alarms."""
        return sum(reply.taken_back for reply in self.replies)


def percentile(values: list[int], percent: int) -> int | None:
    """A percentile; None where there are none."""
    if len(values) < 2:
        return values[0] if values else None
    return round(quantiles(values, n=100, method="inclusive")[percent - 1])


def outcome_of(core: Iterable[Record]) -> Outcome:
    """From the core's records, of a trace or of a run."""
    outcome, replies, onsets_ms = Outcome(), dict[int, Reply](), list[int]()
    for record in core:
        if (record.get("event") or {}).get("type") == "SpeechStarted":
            onsets_ms.append(record["at"])
        for command in record.get("commands", ()):
            _note(outcome, replies, command, record["at"])
    outcome.replies = list(replies.values())
    for reply in outcome.replies:
        reply.cut_off = _too_early(reply, onsets_ms)
    return outcome


def _note(outcome: Outcome, replies: dict[int, Reply], command: Record, at_ms: int) -> None:
    if command["type"] == "TranscriptCommitted":
        outcome.turns[command["turn"]] = command["text"]
    elif command["type"] == "ResponseBegan":
        replies[command["response"]] = Reply(command["response"], command["turn"], at_ms)
    elif reply := replies.get(command.get("response", 0)):  # else it began where records are missing
        _follow(reply, command)


def _follow(reply: Reply, command: Record) -> None:
    match command["type"]:
        case "ResponseStopped" if command["reason"] == "barge_in":
            reply.stops += 1
        case "ResponseResumed":
            reply.taken_back += 1
        case "ResponseEnded":
            _end(reply, command)


def _end(reply: Reply, ended: Record) -> None:
    reply.status = ended["status"]
    latency = ended["latency"]
    if "first_playback" in latency and "turn_end" in latency:
        reply.gap_ms, reply.turn_end_ms = latency["first_playback"], latency["turn_end"]
        reply.sounded_ms = reply.began_ms - latency["turn_end"] + latency["first_playback"]


def _too_early(reply: Reply, onsets_ms: list[int]) -> bool:
    if reply.sounded_ms is None or reply.status != "interrupted":
        return False
    sounded_ms = reply.sounded_ms
    return any(sounded_ms <= onset_ms < sounded_ms + CUT_OFF_MS for onset_ms in onsets_ms)
