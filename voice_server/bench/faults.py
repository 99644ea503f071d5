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
    stopped: set[int] = set()
    frames = 0
    for entry in log.received("response.stop", "response.resume", "audio"):
        response = int(entry.message["response"])
        match entry.type:
            case "response.stop":
                stopped.add(response)
            case "response.resume":
                stopped.discard(response)
            case _:
                frames += response in stopped and _sounds(entry)
    return frames


def _leaked_frames(log: Log) -> int:
    open_: set[int] = set()
    frames = 0
    for entry in log.received("response.started", "response.done", "audio"):
        response = int(entry.message["response"])
        match entry.type:
            case "response.started":
                open_.add(response)
            case "response.done":
                open_.discard(response)
            case _:
                frames += response not in open_ and _sounds(entry)
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
