"""Everything that the page of `voice-server inspect` shows, as plain data. All times are session ms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from voice_server.observing.trace_file import Trace
from voice_server.observing.trace_sink import Record
from voice_server.replaying.outcome import outcome_of, percentile
from voice_server.replaying.sounds import (
    PEAK_MS,
    Side,
    Span,
    heard,
    heard_spans,
    input_lag_ms,
    loudspeaker,
    microphone,
    peaks,
    sent_spans,
)

STAGES = ("transcript_final", "turn_end", "first_token", "first_clause", "first_audio", "first_playback")


def picture_of(trace: Trace) -> dict[str, Any]:
    """Ready for JSON. Raises TraceError where the trace does not fit its sound."""
    return {
        "head": {name: value for name, value in trace.head.items() if name != "k"},
        "notes": trace.notes,
        "end": trace.end_ms,
        "numbers": _numbers(trace),
        **_users_side(trace),
        **_agents_side(trace),
        "voice": [[r["at"], r["judge"]] for r in trace.of("vad") if r["judge"] is not None],
        "floor": list(_floor(trace)),
        "stops": list(_commands(trace, "ResponseStopped")),
        "resumes": list(_commands(trace, "ResponseResumed")),
        "responses": list(_responses(trace)),
        "messages": [_message(record) for record in trace.of("in", "out") if "audio" not in record],
        "decisions": [_decision(record) for record in trace.of("core")],
    }


def _users_side(trace: Trace) -> dict[str, Any]:
    lag_ms = input_lag_ms(trace)
    return {
        "user": _wave(microphone(trace)) if _with_sound(trace) else None,
        "speech": list(_speech(trace, lag_ms)),
        "partials": list(_commands(trace, "TranscriptRevised")),
        "finals": [_final(said, lag_ms) for said in _commands(trace, "TranscriptCommitted")],
    }


def _agents_side(trace: Trace) -> dict[str, Any]:
    speaker = loudspeaker(trace)
    sounded, agent = heard_spans(speaker), heard(speaker, trace.end_ms)
    return {
        "agent": _wave(agent) if _with_sound(trace) else None,
        "tokens": list(_events(trace, "TextGenerated")),
        "clauses": list(_clauses(trace)),
        "sent": [asdict(span) for span in sent_spans(trace)],
        "heard": [asdict(span) for span in sounded],
        "words": list(_words(trace, sounded, speaker.rate_hz)),
    }


def _with_sound(trace: Trace) -> bool:
    return "sound" not in trace.head.get("left_out", ())


def _wave(side: Side) -> dict[str, Any]:
    return {"peaks": peaks(side), "start": side.start_ms, "step": PEAK_MS}


def _numbers(trace: Trace) -> dict[str, Any]:
    outcome = outcome_of(trace.of("core"))
    return {
        "turns": len(outcome.turns),
        "gap p50": percentile(outcome.gaps_ms, 50),
        "gap p95": percentile(outcome.gaps_ms, 95),
        "cut-offs": outcome.cut_offs,
        "stops": outcome.stops,
        "taken back": outcome.taken_back,
        "errors": sum("error" in record for record in trace.of("core"))
        + sum(record.get("message", {}).get("type") == "error" for record in trace.of("out")),
    }


def _speech(trace: Trace, lag_ms: float) -> Iterator[list[float]]:
    """From onset to end, as the VAD has them."""
    began_ms: float | None = None
    for event in _events(trace, "SpeechStarted", "SpeechStopped"):
        if event["type"] == "SpeechStarted":
            began_ms = event["at_ms"] + lag_ms
        elif began_ms is not None:
            yield [began_ms, event["at_ms"] + lag_ms]
            began_ms = None
    if began_ms is not None:
        yield [began_ms, trace.end_ms]


def _floor(trace: Trace) -> Iterator[list[Any]]:
    since_ms, floor = 0, "open"
    for record in trace.of("core"):
        if record["floor"] != floor:
            yield [since_ms, record["at"], floor]
            since_ms, floor = record["at"], record["floor"]
    yield [since_ms, trace.end_ms, floor]


def _final(said: Record, lag_ms: float) -> Record:
    return {**said, "start_ms": said["start_ms"] + lag_ms, "end_ms": said["end_ms"] + lag_ms}


def _clauses(trace: Trace) -> Iterator[Record]:
    """From the order to speak it until all of its sound was there."""
    open_clauses: dict[tuple[int, int], Record] = {}
    for record in trace.of("core"):
        event = record.get("event") or {}
        clause = open_clauses.get((event.get("response", -1), event.get("clause", -1)))
        if clause and event["type"] == "AudioSynthesized":
            clause.setdefault("first", record["at"])
        if clause and event["type"] in ("ClauseSynthesized", "SynthesisFailed"):
            clause["done"] = record["at"]
        for command in record.get("commands", ()):
            if command["type"] == "Synthesize":
                key = command["response"], command["clause"]
                open_clauses[key] = {**command, "at": record["at"]}
    yield from open_clauses.values()


def _words(trace: Trace, sounded: list[Span], rate_hz: int) -> Iterator[Record]:
    """The words that were heard, where they sounded; after a resume, again."""
    placed = [
        (placed["response"], word) for placed in _commands(trace, "WordsPlaced") for word in placed["words"]
    ]
    for span in sounded:
        length = (span.end_ms - span.start_ms) * rate_hz / 1000
        for response, word in placed:
            offset = word["start_sample"] - span.position
            if response == span.response and 0 <= offset < length:
                start_ms = span.start_ms + offset * 1000 / rate_hz
                long_ms = (word["end_sample"] - word["start_sample"]) * 1000 / rate_hz
                yield {
                    "response": response,
                    "text": word["text"],
                    "start": start_ms,
                    "end": min(start_ms + long_ms, span.end_ms),
                    "whole": start_ms + long_ms <= span.end_ms + PEAK_MS,
                }


def _responses(trace: Trace) -> Iterator[Record]:
    """Each response with its stages, in ms from `origin`: the end of the user's speech."""
    finals = {said["turn"]: said["text"] for said in _commands(trace, "TranscriptCommitted")}
    began = {each["response"]: each for each in _commands(trace, "ResponseBegan")}
    for ended in _commands(trace, "ResponseEnded"):
        begin, latency = began.get(ended["response"]), ended["latency"]
        if begin is None:
            continue  # it began where records are missing
        yield {
            "response": ended["response"],
            "turn": begin["turn"],
            "asked": finals.get(begin["turn"], ""),
            "text": ended["text"],
            "heard": ended["heard"],
            "status": ended["status"],
            "origin": begin["at"] - latency.get("turn_end", 0),
            "began": begin["at"],
            "ended": ended["at"],
            "stages": {stage: latency[stage] for stage in STAGES if stage in latency},
        }


def _message(record: Record) -> Record:
    message = record.get("message")
    kind = message.get("type", "?") if message is not None else "no JSON object"
    raw = message if message is not None else record.get("text")
    return {
        "at": record["at"],
        "from": "client" if record["k"] == "in" else "server",
        "type": kind,
        "raw": raw,
    }


def _decision(record: Record) -> Record:
    """Without the history that each prompt repeats."""
    shown = [
        {name: value for name, value in command.items() if name != "messages"}
        for command in record.get("commands", ())
    ]
    told = {"event": record["event"], "commands": shown, "floor": record["floor"]}
    return {"at": record["at"], **told, **({"error": record["error"]} if "error" in record else {})}


def _commands(trace: Trace, *types: str) -> Iterator[Record]:
    for record in trace.of("core"):
        for command in record.get("commands", ()):
            if command["type"] in types:
                yield {**command, "at": record["at"]}


def _events(trace: Trace, *types: str) -> Iterator[Record]:
    for record in trace.of("core"):
        event = record.get("event")
        if event and event["type"] in types:
            yield {**event, "at": record["at"]}
