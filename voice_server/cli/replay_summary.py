"""What happened in a replayed session, as data and for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from voice_server.bench.answers import Answer, answers
from voice_server.bench.faults import count_faults
from voice_server.bench.levels import Span, loud_spans
from voice_server.bench.overlaps import Stop, stops
from voice_server.bench.statistics import NEVER
from voice_server.client.call import Recording
from voice_server.client.log import Message

Summary = dict[str, Any]


def summarize(recording: Recording) -> Summary:
    """Who said what and when, in ms from the microphone's beginning; ready for JSON.

    Gaps and onsets are by the level of the microphone's own sound; `gap_from_transcript_ms` is by the
    server's word.
    """
    spoken = loud_spans(recording.microphone, recording.input_rate_hz)
    heard = {answer.response: answer for answer in answers(recording)}
    faults = count_faults(recording.log)
    return {
        "turns": [_turn(entry.message) for entry in recording.log.received("transcript.final")],
        "responses": [
            _response(recording, entry.message, heard.get(int(entry.message["response"])), spoken)
            for entry in recording.log.received("response.started")
        ],
        "errors": [dict(entry.message) for entry in recording.log.received("error")],
        "frames_after_stop": faults.frames_after_stop,
        "leaked_frames": faults.leaked_frames,
        "changed_prefixes": faults.changed_prefixes,
        "underrun_ms": round(recording.loudspeaker.underrun_samples * 1000 / recording.loudspeaker.rate_hz),
        "length_ms": recording.end_ms,
    }


def told(summary: Summary) -> Iterator[str]:
    """The same as lines for people."""
    lines = [*_user_lines(summary), *_assistant_lines(summary)]
    yield from (line for _at_ms, line in sorted(lines, key=lambda timed: timed[0]))
    if not summary["responses"]:
        yield "            no answer"
    for error in summary["errors"]:
        yield f"  error     {error.get('code')}: {error.get('message')}"
    for fault in ("frames_after_stop", "leaked_frames", "changed_prefixes", "underrun_ms"):
        if summary[fault]:
            yield f"  fault     {fault}: {summary[fault]}"


def _turn(message: Message) -> Summary:
    return {name: message.get(name) for name in ("turn", "text", "start_ms", "end_ms")}


def _response(recording: Recording, began: Message, answer: Answer | None, spoken: list[Span]) -> Summary:
    response = int(began["response"])
    done = next((e.message for e in recording.log.received("response.done") if _of(e.message, response)), {})
    audible_ms = answer.audible_ms if answer else None
    return {
        "response": response,
        "turn": began.get("turn"),
        "status": done.get("status", "not done"),
        "text": done.get("text"),
        "heard": done.get("heard"),
        "audible_ms": _rounded(audible_ms),
        "last_ms": _rounded(answer.last_ms if answer else None),
        "gap_ms": _rounded(_gap_ms(audible_ms, spoken)),
        "gap_from_transcript_ms": _rounded(_gap_from_transcript_ms(recording, audible_ms)),
        "stops": [_stop(stop, spoken) for stop in stops(recording, response)],
        "latency": done.get("latency"),
    }


def _stop(stop: Stop, spoken: list[Span]) -> Summary:
    return {
        "at_ms": _rounded(stop.at_ms),
        "after_onset_ms": _rounded(_after_onset_ms(stop.at_ms, spoken)),
        "decided_after_ms": _rounded(stop.decided_ms - stop.at_ms),
        "taken_back": stop.resumed,
    }


def _user_lines(summary: Summary) -> Iterator[tuple[float, str]]:
    for turn in summary["turns"]:
        yield turn["start_ms"] or 0, f"  {_seconds(turn['start_ms'])}  you        {turn['text']}"


def _assistant_lines(summary: Summary) -> Iterator[tuple[float, str]]:
    for response in summary["responses"]:
        at_ms = response["audible_ms"]
        gap_ms = response["gap_from_transcript_ms"]
        gap = "" if gap_ms is None else f", {gap_ms:.0f} ms after your last word"
        yield (
            at_ms or 0,
            f"  {_seconds(at_ms)}  assistant  {response['text'] or ''} ({response['status']}{gap})",
        )
        if response["status"] != "completed":
            yield at_ms or 0, f"            heard      {response['heard'] or 'nothing'}"
        for stop in response["stops"]:
            yield stop["at_ms"], f"  {_seconds(stop['at_ms'])}  stopped    {_stop_told(stop)}"


def _stop_told(stop: Summary) -> str:
    onset = stop["after_onset_ms"]
    when = "" if onset is None else f"{onset:.0f} ms after you began, "
    if stop["decided_after_ms"] is None:
        return f"{when}never decided"
    what = "taken back" if stop["taken_back"] else "for good"
    return f"{when}{what} {stop['decided_after_ms']:.0f} ms later"


def _gap_ms(audible_ms: float | None, spoken: list[Span]) -> float | None:
    """From where the microphone fell quiet last before the answer; None if it was never loud."""
    if audible_ms is None:
        return None
    ends = [end for _begin, end in spoken if end <= audible_ms]
    return audible_ms - ends[-1] if ends else None


def _gap_from_transcript_ms(recording: Recording, audible_ms: float | None) -> float | None:
    """From where the server says that the speech ended; None if it transcribed none before."""
    finals = recording.log.received("transcript.final")
    ends = [
        float(e.message["end_ms"]) for e in finals if audible_ms and recording.log.time_ms(e) <= audible_ms
    ]
    return audible_ms - ends[-1] if audible_ms and ends else None


def _after_onset_ms(at_ms: float, spoken: list[Span]) -> float | None:
    begins = [begin for begin, _end in spoken if begin <= at_ms]
    return at_ms - begins[-1] if begins else None


def _of(message: Message, response: int) -> bool:
    return message.get("response") == response


def _rounded(value: float | None) -> float | None:
    return None if value is None or value == NEVER else round(value, 1)


def _seconds(at_ms: float | None) -> str:
    return "      –" if at_ms is None else f"{at_ms / 1000:6.2f}s"
