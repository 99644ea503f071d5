"""Sound over an answer: whether and when the assistant stopped, and what became of the stop. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from voice_server.bench.answers import Answer, answers, audible_from, last_played_ms
from voice_server.bench.statistics import NEVER
from voice_server.client.call import Recording
from voice_server.client.log import Entry

Verdict = Literal["not stopped", "interrupted", "taken back", "undecided"]

WORD_TOLERANCE_MS = 2.0
"""Positions are samples and word times whole ms: rounding is no fault."""
JUST_HEARD_MS = 60.0
"""The server may know the playhead this much less exactly than we do: reports travel."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One `response.stop` and what followed. Times are ms from the microphone's beginning."""

    at_ms: float
    silent_ms: float
    """When the last sample before the silence sounded."""
    decided_ms: float
    """When `response.resume` or `response.done` came; NEVER if neither did."""
    resumed: bool
    audible_ms: float
    """When it was audible again; NEVER if it was not."""
    at_word: bool | None
    """Whether it went on from the start of the word that was cut, by `response.words`; None: not known."""


@dataclass(frozen=True, slots=True)
class OverlapOutcome:
    """Times in ms from the onset of the sound, but for `decision_ms`; NEVER for what did not come."""

    valid: bool
    """Whether the assistant was audibly speaking at the onset. If not, nothing else is meant."""
    verdict: Verdict = "not stopped"
    stop_ms: float = NEVER
    """Onset → `response.stop` arrives."""
    silent_ms: float | None = NEVER
    """Onset → the last sample sounds at a client that obeys; None: it was silent anyhow, having run dry."""
    early: bool = False
    """It stopped before the onset, at something in front of it: the two above are then not counted."""
    decision_ms: float | None = None
    """Stop → committed or taken back."""
    on_again_ms: tuple[float, ...] = ()
    """For each stop that was taken back: the onset → audible again."""
    hole_ms: tuple[float, ...] = ()
    """For each stop that was taken back: from it to audible again."""
    resumed_at_word: tuple[bool, ...] = ()


def measure_overlap(recording: Recording, begin_ms: float, onsets_ms: tuple[float, ...]) -> OverlapOutcome:
    """Measure a session in which a clip began to play at `begin_ms`, and its sound began at the onsets.

    Speech has one onset. A noise may have several; each stop belongs to the onset that came last before it.
    """
    answer = _begun(recording, begin_ms)
    found = [s for s in stops(recording, answer.response) if s.at_ms >= begin_ms] if answer else []
    if answer is None or not found:
        return OverlapOutcome(valid=answer is not None and _goes_on(recording, answer, onsets_ms[0]))
    first = found[0]
    onset_ms = _onset_before(onsets_ms, first.at_ms)
    again = [stop for stop in found if stop.resumed]
    return OverlapOutcome(
        valid=True,
        verdict=_verdict(found[-1]),
        stop_ms=first.at_ms - onset_ms,
        silent_ms=None if first.silent_ms < onset_ms else first.silent_ms - onset_ms,
        early=first.at_ms < onsets_ms[0],
        decision_ms=first.decided_ms - first.at_ms,
        on_again_ms=tuple(s.audible_ms - _onset_before(onsets_ms, s.at_ms) for s in again),
        hole_ms=tuple(s.audible_ms - s.at_ms for s in again),
        resumed_at_word=tuple(s.at_word for s in again if s.at_word is not None),
    )


def stops(recording: Recording, response: int) -> list[Stop]:
    """Every stop of this response by the user's voice."""
    events = [
        entry
        for entry in recording.log.received("response.stop", "response.resume", "response.done")
        if entry.message.get("response") == response
    ]
    return [
        _stop(recording, entry, following)
        for entry, following in zip_longest(events, events[1:])
        if entry.type == "response.stop" and entry.message.get("reason") == "barge_in"
    ]


def _stop(recording: Recording, entry: Entry, following: Entry | None) -> Stop:
    response, at_ms = int(entry.message["response"]), recording.log.time_ms(entry)
    decided_ms = recording.log.time_ms(following) if following else NEVER
    silent_ms = last_played_ms(recording, response, at_ms)
    resumed = following is not None and following.type == "response.resume"
    return Stop(
        at_ms=at_ms,
        silent_ms=at_ms if silent_ms is None else silent_ms,
        decided_ms=decided_ms,
        resumed=resumed,
        audible_ms=audible_from(recording, response, decided_ms) if resumed else NEVER,
        at_word=_at_word(recording, following, at_ms) if following and resumed else None,
    )


def _at_word(recording: Recording, resume: Entry, stopped_ms: float) -> bool | None:
    """Whether it resumes where a word begins or has ended, and that word is where it was cut."""
    rate_hz = recording.loudspeaker.rate_hz
    response = int(resume.message["response"])
    played_ms = recording.loudspeaker.played_ms(response, int(stopped_ms * rate_hz / 1000))
    words = [
        word
        for entry in recording.log.received("response.words")
        if entry.message.get("response") == response
        for word in entry.message["words"]
    ]
    position_ms = int(resume.message["position"]) * 1000 / rate_hz
    return _is_boundary(position_ms, played_ms, words) if words else None


def _is_boundary(position_ms: float, played_ms: float, words: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no word is cut by going on here, none unheard left out, none long heard repeated."""
    after, before = position_ms + WORD_TOLERANCE_MS, position_ms - WORD_TOLERANCE_MS
    cut = any(word["start_ms"] < before and word["end_ms"] > after for word in words)
    left_out = any(word["start_ms"] < before and word["end_ms"] > played_ms for word in words)
    again = any(word["end_ms"] > after and word["end_ms"] <= played_ms - JUST_HEARD_MS for word in words)
    return not (cut or left_out or again)


def _begun(recording: Recording, at_ms: float) -> Answer | None:
    """The response that was heard last before this moment."""
    begun = [answer for answer in answers(recording) if answer.audible_ms <= at_ms]
    return begun[-1] if begun else None


def _goes_on(recording: Recording, answer: Answer, at_ms: float) -> bool:
    """Whether the response is on at this moment: it sounds, or it has run dry but is not done."""
    done = [
        recording.log.time_ms(entry)
        for entry in recording.log.received("response.done")
        if entry.message.get("response") == answer.response
    ]
    return answer.last_ms > at_ms or not done or done[0] > at_ms


def _verdict(last: Stop) -> Verdict:
    if last.resumed:
        return "taken back"
    return "undecided" if last.decided_ms == NEVER else "interrupted"


def _onset_before(onsets_ms: tuple[float, ...], at_ms: float) -> float:
    """The last onset before this moment; the first, if none was."""
    return max((onset for onset in onsets_ms if onset <= at_ms), default=onsets_ms[0])
