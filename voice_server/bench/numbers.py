"""The numbers that a run comes down to, and the goals that they are held to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voice_server.bench.overlaps import OverlapOutcome
from voice_server.bench.running import Result
from voice_server.bench.statistics import Distribution, Share
from voice_server.bench.trials import Suite

Value = Distribution | Share | int | None
"""Times in ms, so many of so many, or a count; None: not measured."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a number should be. Times are held to `p50` and `p95`, all else to the bounds."""

    p50: float | None = None
    p95: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, value: Value) -> bool | None:
        """None when there is nothing to judge."""
        if isinstance(value, Distribution):
            return _within(value.p50, None, self.p50) and _within(value.p95, None, self.p95)
        amount = value.value if isinstance(value, Share) else value
        return None if amount is None else _within(amount, self.at_least, self.at_most)


@dataclass(frozen=True, slots=True)
class Number:
    """One line of the result."""

    key: str
    title: str
    value: Value
    goal: Goal | None = None

    @property
    def met(self) -> bool | None:
        """Whether it reaches its goal; None without a goal or a value."""
        return self.goal.met_by(self.value) if self.goal else None


def numbers(results: Sequence[Result]) -> list[Number]:
    """All numbers, in the order of the table."""
    return [*_turn_numbers(results), *_overlap_numbers(results), *_text_numbers(results), *_faults(results)]


def waterfall(results: Sequence[Result]) -> dict[str, Distribution]:
    """Each stage of the turns' answers, in ms after the end of the speech, in the order of time."""
    latencies = [r.turn.latency for r in results if r.turn and r.suite is Suite.TURNS]
    stages = {name: None for latency in latencies for name in latency}
    found = {name: Distribution.of(lat[name] for lat in latencies if name in lat) for name in stages}
    known = {name: spread for name, spread in found.items() if spread}
    return dict(sorted(known.items(), key=lambda item: item[1].p50))


def _turn_numbers(results: Sequence[Result]) -> Iterable[Number]:
    turns = [r.turn for r in results if r.turn and r.suite is Suite.TURNS]
    pauses = [r.pauses for r in results if r.pauses]
    cut_off = Share(sum(p.cut_off for p in pauses), sum(p.pauses for p in pauses))
    inside = Share(sum(p.inside for p in pauses), sum(p.pauses for p in pauses))
    yield Number("turn_gap", "turn gap", _spread(t.gap_ms for t in turns), Goal(p50=300, p95=700))
    yield Number(
        "turn_gap_from_level", "… from where the level falls", _spread(t.gap_from_level_ms for t in turns)
    )
    yield Number(
        "early_answers", "answers before the speech was over", Share.where(t.early > 0 for t in turns)
    )
    yield Number("cut_offs", "pauses cut off", cut_off if pauses else None, Goal(at_most=0.10))
    yield Number("cut_offs_inside", "… audible before the speaker went on", inside if pauses else None)


def _overlap_numbers(results: Sequence[Result]) -> Iterable[Number]:
    speech = _overlaps(results, Suite.INTERRUPTIONS)
    noise = _overlaps(results, Suite.NOISE)
    stopped = [o for o in noise if o.verdict != "not stopped"]
    prompt = [o for o in speech if not o.early]
    silent = [o.silent_ms for o in prompt if o.silent_ms is not None]
    again = [ms for o in noise for ms in o.on_again_ms]
    kept_stopped = [o.verdict in ("interrupted", "undecided") for o in noise]
    decided = [o.decision_ms for o in (*speech, *noise) if o.decision_ms is not None]
    at_word = [fact for o in (*speech, *noise) for fact in o.resumed_at_word]
    yield Number("barge_in_stop", "barge-in stop", _spread(o.stop_ms for o in prompt), Goal(p50=80, p95=150))
    yield Number("barge_in_silence", "… to the last audio played", _spread(silent))
    yield Number(
        "interruptions_recognised",
        "interruptions recognised",
        _share(o.verdict == "interrupted" for o in speech),
        Goal(at_least=0.97),
    )
    yield Number("decision", "decision after a stop", _spread(decided), Goal(p50=400))
    yield Number("noise_stops", "stops at noise and backchannels", _share(o in stopped for o in noise))
    yield Number(
        "taken_back", "… taken back", _share(o.verdict == "taken back" for o in stopped), Goal(at_least=0.95)
    )
    yield Number("false_stops", "answers lost to noise", _share(kept_stopped), Goal(at_most=0.05))
    yield Number("on_again", "audible again after a noise began", _spread(again), Goal(p95=700))
    yield Number("hole", "… silence that was heard", _spread(ms for o in noise for ms in o.hole_ms))
    yield Number("resumed_at_word", "… from a word boundary", _share(at_word), Goal(at_least=1.0))


def _text_numbers(results: Sequence[Result]) -> Iterable[Number]:
    turns = [r for r in results if r.suite is Suite.TURNS]
    texts = [r.transcript for r in turns if r.transcript]
    finals = [r.turn.final_ms for r in turns if r.turn]
    told = [r.turn.told_ms for r in turns if r.turn]
    words = Share(sum(t.errors for t in texts), sum(t.words for t in texts))
    lags = [ms for t in texts for ms in t.lags_ms]
    yield Number("final_transcript", "final transcript, its words", _spread(finals), Goal(p50=120))
    yield Number("final_told", "… told with the end of the turn", _spread(told))
    yield Number("word_error", "word error", words if texts else None)
    yield Number(
        "loops", "transcripts that repeat themselves", _count(t.looped for t in texts), Goal(at_most=0)
    )
    yield Number("partial_lag", "partial behind the speech, by word", _spread(lags), Goal(p95=300))


def _faults(results: Sequence[Result]) -> Iterable[Number]:
    faults = [r.faults for r in results if r.faults]
    none = Goal(at_most=0)
    after_stop = _count(f.frames_after_stop for f in faults)
    leaked = _count(f.leaked_frames for f in faults)
    changed = _count(f.changed_prefixes for f in faults)
    yield Number("frames_after_stop", "frames after a stop", after_stop, none)
    yield Number("leaked_frames", "frames of responses never begun or over", leaked, none)
    yield Number("changed_prefixes", "stable prefixes that changed", changed, none)
    yield Number("failed_sessions", "sessions that failed", _count(bool(r.error) for r in results), none)
    held = [r for r in results if r.error is None]
    yield Number("underrun", "holes in the answers, per session", _spread(r.underrun_ms for r in held))
    yield Number("own_lateness", "our own latest frame, per session", _spread(r.late_ms for r in held))
    yield Number("repeats", "trials repeated, as ours left late", _count(r.repeats for r in held))
    unfit = [r.overlap for r in results if r.overlap and not r.overlap.valid]
    yield Number("unfit_trials", "overlaps without an answer to speak over", len(unfit))


def _overlaps(results: Sequence[Result], suite: Suite) -> list[OverlapOutcome]:
    return [r.overlap for r in results if r.suite is suite and r.overlap and r.overlap.valid]


def _spread(values: Iterable[float]) -> Distribution | None:
    return Distribution.of(values)


def _share(facts: Iterable[bool]) -> Share | None:
    share = Share.where(facts)
    return share if share.of else None


def _count(amounts: Iterable[int]) -> int | None:
    known = list(amounts)
    return sum(known) if known else None


def _within(value: float, at_least: float | None, at_most: float | None) -> bool:
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
