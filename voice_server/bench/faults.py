"""What a server must never do, counted from the messages alone. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from voice_server.client.log import Entry, Log


@dataclass(frozen=True, slots=True)
class Faults:
    """All of these should be 0."""

    frames_after_stop: int
    """Audio of a response between its `response.stop` and a `response.resume`."""
    leaked_frames: int
    """Audio of a response that never began, or that is done: speculation that got out."""
    changed_prefixes: int
    """Transcripts of a turn that do not begin with what an earlier partial called stable."""


def count_faults(log: Log) -> Faults:
    """Count over a whole session."""
    return Faults(_frames_after_stop(log), _leaked_frames(log), _changed_prefixes(log))


def _frames_after_stop(log: Log) -> int:
    return _frames_while_forbidden(log, forbid="response.stop", allow="response.resume", allowed=True)


def _leaked_frames(log: Log) -> int:
    return _frames_while_forbidden(log, forbid="response.done", allow="response.started", allowed=False)


def _frames_while_forbidden(log: Log, *, forbid: str, allow: str, allowed: bool) -> int:
    """`allowed`: whether audio of a response may come before either message."""
    may_sound: defaultdict[int, bool] = defaultdict(lambda: allowed)
    frames = 0
    for entry in log.received(forbid, allow, "audio"):
        response = int(entry.message["response"])
        if entry.type == "audio":
            frames += not may_sound[response] and _sounds(entry)
        else:
            may_sound[response] = entry.type == allow
    return frames


def _changed_prefixes(log: Log) -> int:
    promised: dict[int, str] = defaultdict(str)
    changes = 0
    for entry in log.received("transcript.partial", "transcript.final"):
        turn, text = int(entry.message["turn"]), str(entry.message["text"])
        kept = text.startswith(promised[turn])
        changes += not kept
        stable = text[: int(entry.message.get("stable", 0))]
        promised[turn] = max(promised[turn], stable, key=len) if kept else stable
    return changes


def _sounds(entry: Entry) -> bool:
    return bool(entry.message["samples"])
