"""One response, from its first token to its one ending.

An answer may be drafted before the turn is over: nothing of a draft is told or played until `release`.
"""

from __future__ import annotations

from collections.abc import Callable

from voice_server.core.breaths import Breaths
from voice_server.core.clauses import ClauseCutter
from voice_server.core.commands import (
    Command,
    Curtail,
    Discard,
    FinishAudio,
    Pause,
    Play,
    ResponseBegan,
    ResponseEnded,
    ResponseResumed,
    ResponseStatus,
    ResponseStopped,
    StopReason,
    Synthesize,
    TextAdded,
    WordsPlaced,
)
from voice_server.core.drafting import Draft
from voice_server.core.events import ToolCallProposed
from voice_server.core.lexicon import words
from voice_server.core.playout import Playout, Word
from voice_server.core.tools import ToolCall

CLAUSES_AHEAD = 8
"""While so many clauses wait to be spoken, some 20 s of speech, no more text is wanted."""


class Answer:
    """The text, the clauses and the playhead of one response. Times are session ms."""

    def __init__(
        self, response: int, rate_hz: int, emit: Callable[[Command], None], *, aloud: bool = True
    ) -> None:
        self.id = response
        self.aloud = aloud
        """Whether it is spoken, or only written."""
        self.turn = 0
        self.text = ""
        self.released = False
        self.held = False
        self.suspended = False
        """The client is away: nothing may sound before it is back."""
        self.unread = False
        """The client does not read what there is: no more text is made."""
        self.draft = Draft(response, emit)
        self.text_complete = False
        self.canned = False
        """Whether its words are ours, not the model's."""
        self.curtailed = False
        """It ends with the clause that sounds, although there was more to say."""
        self.calls: tuple[ToolCall, ...] = ()
        """The calls that it has made, wrong ones included."""
        self.failed = False
        self.playout = Playout(rate_hz)
        self.marks: dict[str, int] = {}
        self._emit = emit
        self._cutter = ClauseCutter()
        self._clauses = 0
        self._breaths = Breaths()
        self._proposed: list[ToolCallProposed] = []
        self._synthesized = 0
        self._waiting_since_ms = 0
        self._settled = False  # where it will go on was told while the client was away

    # ── being made ──

    def add_text(self, text: str, now_ms: int) -> None:
        """The model generated more."""
        self._mark("first_token", now_ms)
        self.text += text
        if self.released:
            self._emit(TextAdded(self.id, text))
        self._speak(self._cutter.push(text), now_ms)

    def say(self, words: str, now_ms: int) -> None:
        """These words, and no model's."""
        self.canned, self._cutter.hurried = True, False
        self.add_text(words, now_ms)
        self.end_text(now_ms)

    def propose(self, call: ToolCallProposed, now_ms: int) -> None:
        """The model calls a tool; see `take_proposed`."""
        self._mark("first_token", now_ms)
        self._proposed.append(call)

    def take_proposed(self) -> list[ToolCallProposed]:
        """The calls that nobody has looked at yet."""
        proposed, self._proposed = self._proposed, []
        return proposed

    def rest(self) -> None:
        """Generate no more than a first clause while it is not sure that this is wanted."""
        if not self._clauses:
            self.draft.rest()

    def end_text(self, now_ms: int) -> None:
        """Nothing more will be generated."""
        self._speak(self._cutter.flush(), now_ms)
        self.text_complete = True
        if self.aloud:
            self.draft.order(FinishAudio(self.id))

    def apologise(self, apology: str, now_ms: int) -> None:
        """The model failed: say so rather than nothing."""
        self.failed = True
        self._speak(self._cutter.flush(), now_ms)
        self._cutter.hurried = False
        between = " " if self.text and not self.text[-1].isspace() else ""
        self.add_text(f"{between}{apology}", now_ms)

    def curtail(self, now_ms: int) -> None:
        """End with the clause that sounds, or the next that ends in a mark, if there is more."""
        kept = self._breaths.next_after(self.playout.position(now_ms))
        if kept is None or self.curtailed or (self.text_complete and kept >= self._clauses):
            return
        self.curtailed = self.text_complete = True
        self._clauses = kept
        self._synthesized = min(self._synthesized, kept)
        end = self._breaths.end_of(kept)
        if end is not None:
            self.playout.truncate(end)
        self._emit(Curtail(self.id, self._clauses, end))

    def abandon(self) -> None:
        """No more of it can be spoken: it ends where its audio ends, and what comes late is not played."""
        self.failed = True
        self._clauses = self._synthesized
        self.text_complete = True
        self._emit(Curtail(self.id, self._clauses, self.playout.total))

    def add_audio(self, clause: int, samples: int, words: tuple[Word, ...], now_ms: int) -> None:
        """More of it can be played."""
        if clause >= self._clauses:
            return
        self._mark("first_audio", now_ms)
        self._waiting_since_ms = now_ms
        placed = self.playout.append(samples, words, now_ms)
        if self.released and placed:
            self._emit(WordsPlaced(self.id, placed))
        self._start(now_ms)

    def end_clause(self, clause: int, now_ms: int) -> None:
        """All audio of the clause is there."""
        if clause < self._clauses:
            self._synthesized = max(self._synthesized, clause + 1)
            self._breaths.made(self.playout.total)
            self._waiting_since_ms = now_ms

    # ── being played ──

    @property
    def wants_text(self) -> bool:
        """Whether the model's next words are needed: not in a pause, nor before a first clause has leave."""
        if self.text_complete or self.unread or self._clauses - self._synthesized >= CLAUSES_AHEAD:
            return False
        return not self.draft.resting and (self._playable or not (self.released or self._clauses))

    @property
    def sounding(self) -> bool:
        """Whether its audio is being played."""
        return self.playout.running

    @property
    def has_substance(self) -> bool:
        """Whether there is anything in it: to be said, or to be done."""
        return bool(words(self.text) or self.calls or self._proposed)

    def release(self, turn: int, now_ms: int, asked: str | None = None) -> None:
        """The turn is over: tell what is there, and play it."""
        self.turn, self.released = turn, True
        self.draft.make_sure()
        self._waiting_since_ms = now_ms
        self._emit(ResponseBegan(self.id, turn, asked))
        if self.text:
            self._emit(TextAdded(self.id, self.text))
        if self.playout.words:
            self._emit(WordsPlaced(self.id, tuple(self.playout.words)))
        if self.aloud and not self.suspended:
            self._emit(Play(self.id, 0))
        self._start(now_ms)

    def hold(self, reason: StopReason, at_ms: int, now_ms: int) -> None:
        """Silence, at once; the rest is kept."""
        self.held = True
        self.playout.stop(now_ms)
        self._emit(Pause(self.id))
        self._emit(ResponseStopped(self.id, reason, at_ms))

    def resume(self, now_ms: int) -> None:
        """The stop was a false alarm: go on from the last word boundary that was heard."""
        self.held = False
        self._waiting_since_ms = now_ms
        position = self.playout.word_boundary(now_ms)
        self._emit(ResponseResumed(self.id, position))
        if self.suspended:
            self.playout.place(position)
            self._settled = True
        else:
            self._play(position, now_ms)

    def suspend(self, sent: int, now_ms: int) -> None:
        """The client is gone, and was sent so many samples: silence until it is back."""
        self.suspended, self._settled, self.unread = True, False, False
        self.playout.rest(sent, now_ms)
        if self.released:
            self._emit(Pause(self.id))

    def go_on(self, played_ms: int | None, now_ms: int) -> None:
        """The client is back. `played_ms`: how far its loudspeaker came, if it says so."""
        self.suspended = False
        self._waiting_since_ms = now_ms
        if played_ms is not None and not self._settled:
            self.playout.report(played_ms, now_ms)
        if self.released and not self.held:
            if self.playout.total:
                self._mark("first_playback", now_ms)
            self._play(self.playout.position(now_ms), now_ms)

    def _play(self, position: int, now_ms: int) -> None:
        self._emit(Play(self.id, position))
        if self.playout.total:
            self.playout.run(position, now_ms)

    def finished_at_ms(self) -> int | None:
        """When it will have sounded to its end; None while that cannot be known."""
        if not self.text_complete or self._clause_due or not self._playable:
            return None
        return self.playout.believed_at_ms() if self.playout.running else 0  # nothing in it to be played

    def dry_at_ms(self) -> int | None:
        """Since when, or from when on, nothing is there to be played although a clause is due."""
        if not self._clause_due or not self._playable:
            return None
        return max(self._waiting_since_ms, self.playout.finished_at_ms() or 0)

    @property
    def _clause_due(self) -> bool:
        return self._synthesized < self._clauses

    @property
    def _playable(self) -> bool:
        return self.released and not self.held and not self.suspended

    # ── ending ──

    def heard(self, now_ms: int) -> str:
        """The words of its text that have sounded to their end."""
        return _begin_of(self.text, self.playout.heard(now_ms))

    def discard(self) -> None:
        """Throw a draft away: nobody was told of it."""
        self._emit(Discard(self.id))

    def finish(self, status: ResponseStatus, reference_ms: int, now_ms: int) -> str:
        """The one ending. Returns what was heard. `reference_ms`: when the user's speech ended."""
        heard = self.heard(now_ms) if self.aloud else self.text.strip()
        latency = {stage: max(0, at - reference_ms) for stage, at in self.marks.items()}
        self._emit(Discard(self.id))
        self._emit(ResponseEnded(self.id, status, self.text.strip(), heard, latency))
        return heard

    def _speak(self, clauses: list[str], now_ms: int) -> None:
        if not self.aloud:
            return
        if clauses and not self._clause_due:
            self._waiting_since_ms = now_ms
        for text in clauses:
            self._mark("first_clause", now_ms)
            self.draft.order(Synthesize(self.id, self._clauses, text))
            self._breaths.add(text)
            self._clauses += 1
        if clauses and not (self.released or self.canned):
            self._emit(Pause(self.id))

    def _start(self, now_ms: int) -> None:
        if self._playable and not self.playout.running and self.playout.total:
            self._mark("first_playback", now_ms)
            self.playout.run(0, now_ms)

    def _mark(self, stage: str, now_ms: int) -> None:
        self.marks.setdefault(stage, now_ms)


def _begin_of(text: str, spoken: str) -> str:
    """So much of the text as was spoken, written as it is there: a word may have been spoken in pieces."""
    letters = len("".join(spoken.split()))
    ends = [end for end, letter in enumerate(text, 1) if not letter.isspace()][:letters]
    return " ".join(text[: ends[-1]].split()) if ends else ""
