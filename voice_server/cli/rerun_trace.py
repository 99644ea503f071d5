"""A captured session again through the runtime, as it was and with other settings, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from voice_server.errors import ConfigurationError
from voice_server.observing.trace_file import Trace, read_trace
from voice_server.observing.trace_sink import Record
from voice_server.replaying.changes import Setup, changed, setup_of
from voice_server.replaying.outcome import Outcome, Reply, outcome_of, percentile
from voice_server.replaying.runs import Asked, NewTrace, run_from_memory, run_with_models

MODELS = "models."
USES = ("stt", "llm", "tts", "turn")
CAPTURED, AGAIN = "captured", "again"

Run = Callable[[Trace, Setup, Sequence[NewTrace]], list[Record]]


@dataclass(frozen=True, slots=True)
class Row:
    """One trace: by name of the run, what came of it."""

    trace: Trace
    outcomes: dict[str, Outcome]
    written: Path | None

    def as_json(self) -> Record:
        """Ready for JSON."""
        runs = {name: dict(_numbers(outcome)) for name, outcome in self.outcomes.items()}
        return {"trace": str(self.trace.path), "runs": runs, "notes": self.trace.notes}

    def told(self) -> Iterator[str | Table]:
        """For people."""
        yield self.trace.path.name
        yield from (f"  note: {note}" for note in self.trace.notes)
        yield _table(self.outcomes)
        yield from _by_turn(self.outcomes)
        if self.written:
            yield f"wrote {self.written}"


def rerun(paths: Sequence[Path], models: bool, settings: Sequence[str], out: Path | None) -> Iterator[Row]:
    """Each trace in turn. `models`: ask real ones, else memory. Raises ConfigurationError."""
    of_models = [setting.removeprefix(MODELS) for setting in settings if setting.startswith(MODELS)]
    others = [setting for setting in settings if not setting.startswith(MODELS)]
    if of_models and not models:
        raise ConfigurationError("--set models.… needs --models: memory knows only what the old ones said")
    with ExitStack() as stack:
        before = _loaded(stack, []) if models else run_from_memory
        after = _loaded(stack, of_models) if of_models else before
        for path in paths:
            yield _row(read_trace(path), (before, after), (settings, others), out)


def _row(
    trace: Trace, runs: tuple[Run, Run], settings: tuple[Sequence[str], Sequence[str]], out: Path | None
) -> Row:
    setup = setup_of(trace.head)
    other = changed(setup, settings[1])
    path = out / f"{trace.path.stem}.again.jsonl" if out else None
    outcomes = {CAPTURED: outcome_of(trace.of("core"))}
    if settings[0]:
        outcomes[AGAIN] = outcome_of(runs[0](trace, setup, ()))
    name = " ".join(settings[0]) or AGAIN
    outcomes[name] = outcome_of(runs[1](trace, other, _new_trace(trace, other, path)))
    return Row(trace, outcomes, path)


def _new_trace(trace: Trace, setup: Setup, path: Path | None) -> Sequence[NewTrace]:
    if path is None:
        return ()
    path.parent.mkdir(parents=True, exist_ok=True)
    return (NewTrace(trace, setup, path),)


def _loaded(stack: ExitStack, models: Sequence[str]) -> Run:
    """Real models: those of the settings, with these `stt=whisper-base` instead."""
    named = dict(setting.split("=", 1) for setting in models if "=" in setting)
    if len(named) < len(models) or named.keys() - set(USES):
        raise ConfigurationError(
            f"--set models.{' '.join(models)}: as in models.stt=NAME; there are {', '.join(USES)}"
        )
    from voice_server.app import load_models
    from voice_server.settings import load
    from voice_server.tool_settings import ToolSettings

    settings = load()
    changes = {"models": settings.models.model_copy(update=named), "tools": ToolSettings()}
    loaded = load_models(settings.model_copy(update=changes))
    stack.callback(lambda: asyncio.run(loaded.close()))
    asked = Asked(loaded.models, language_model="llm" in named, synthesizer="tts" in named)
    return lambda trace, setup, observers: run_with_models(trace, setup, asked, observers)


def _numbers(outcome: Outcome) -> Iterator[tuple[str, int | None]]:
    yield "turns", len(outcome.turns)
    yield "answers", len(outcome.gaps_ms)
    yield "turn end p50, ms", percentile(outcome.turn_ends_ms, 50)
    yield "gap p50, ms", percentile(outcome.gaps_ms, 50)
    yield "gap p95, ms", percentile(outcome.gaps_ms, 95)
    yield "cut-offs", outcome.cut_offs
    yield "stops", outcome.stops
    yield "stops taken back", outcome.taken_back


def _table(outcomes: dict[str, Outcome]) -> Table:
    table = Table()
    table.add_column("")
    for name in outcomes:
        table.add_column(name, justify="right")
    for rows in zip(*(_numbers(outcome) for outcome in outcomes.values()), strict=True):
        table.add_row(rows[0][0], *("–" if value is None else str(value) for _, value in rows))
    return table


def _by_turn(outcomes: dict[str, Outcome]) -> Iterator[str]:
    """Turn by turn, what is different from the last run before."""
    before, after = [*outcomes.values()][-2:]
    old, new = _by_words(before), _by_words(after)
    for words in [*old, *(words for words in new if words not in old)]:
        was, now = _brief(old.get(words)), _brief(new.get(words))
        if was != now:
            yield f"  {words!r}: {was} → {now}"


def _by_words(outcome: Outcome) -> dict[str, Reply | None]:
    replies = {reply.turn: reply for reply in outcome.replies}
    return {text: replies.get(turn) for turn, text in outcome.turns.items()}


def _brief(reply: Reply | None) -> str:
    if reply is None:
        return "no answer"
    gap = "" if reply.gap_ms is None else f", {reply.gap_ms} ms after the words"
    stops = f", {reply.stops} stops, {reply.taken_back} taken back" if reply.stops else ""
    return f"{reply.status}{gap}{stops}{', cut off' if reply.cut_off else ''}"
