"""What the user is owed an answer to, and the answer given to it."""

from __future__ import annotations

from voice_server.core.answer import Answer
from voice_server.core.answering import Answering
from voice_server.core.commands import ResponseStatus, StopReason
from voice_server.core.endpointing import Completeness, completeness
from voice_server.core.listening import Listening
from voice_server.core.requests import AS_USUAL, AnswerWanted, Wish
from voice_server.core.turns import Cue, Floor, FloorState
from voice_server.core.user_turn import Turn

PROMISING = (Completeness.REQUEST, Completeness.STATEMENT)
"""A hypothesis like this is often the whole turn: 9 of 20 turns had theirs 40 to 200 ms before the end."""

CUT_OFF_MS = 1_000
"""Who speaks so soon after an answer has begun had not finished."""
MOST_CUT_OFFS = 2


class Replies:
    """The assistant's side of the floor. Times are session ms."""

    def __init__(self, floor: FloorState, listening: Listening, answering: Answering) -> None:
        self._floor = floor
        self._listening = listening
        self._answering = answering
        self._owed: list[str] = []
        self._owed_turn: int | None = None
        self._due = False  # an answer is, to what is owed
        self._unanswered: int | None = None
        self._cut_offs = 0
        self._wanted: AnswerWanted | None = None
        self._barged_in = False
        self.passed = 0
        """So many turns in a row the user has let pass."""

    # ── what is owed ──

    def owe(self, text: str, turn: int | None = None, *, answer: bool = True) -> None:
        """The user typed this, or said it in part of a long turn, or over an answer: an answer has to follow.

        `turn`: what its entry in the history is named after. Not `answer`: it has only to be entered there.
        """
        if text.strip():
            self._owed.append(text)
            self._owed_turn = self._owed_turn if turn is None else turn
            self._due |= answer

    def want(self, wanted: AnswerWanted) -> bool:
        """The client asks for an answer. Returns whether it will get one: not beside another."""
        if self._wanted or self._floor.now in (Floor.THINKING, Floor.AGENT, Floor.CONTESTED):
            return False
        self._wanted, self.passed = wanted, 0
        if wanted.wish != AS_USUAL:
            self._answering.discard_draft()
        return True

    def pass_by(self, turn: int, unsaid: str, now_ms: int) -> None:
        """The user has let a turn pass, and is answered as if they had said this, which is not kept."""
        self.passed += 1
        self._answering.draft(unsaid)
        self._release(turn, now_ms, {}, now_ms)

    @property
    def spoke_last(self) -> bool:
        """Whether the last that was said, the assistant said."""
        return any(last.role == "assistant" for last in self._answering.conversation.entries[-1:])

    @property
    def asked(self) -> bool:
        """Whether the last that the user heard was a question."""
        return self.spoke_last and self._answering.conversation.entries[-1].content.rstrip().endswith("?")

    @property
    def responsiveness(self) -> float:
        """The dial, or less where we lately began before the user had finished: each time halves the pace."""
        return self._answering.config.turn.responsiveness - self._cut_offs / 2

    @property
    def _answers(self) -> bool:
        """Whether what the user says is to be answered."""
        return self._answering.config.turn.answers or self._wanted is not None

    @property
    def _wish(self) -> Wish:
        return self._wanted.wish if self._wanted else AS_USUAL

    def waive(self) -> None:
        """The user wants no answer to what was broken off, nor to what is not answered yet."""
        self._unanswered = self._wanted = None
        self._barged_in = True

    def take_barge_in(self) -> bool:
        """Whether the user has spoken, typed or stopped us since this was last asked."""
        barged_in, self._barged_in = self._barged_in, False
        return barged_in

    def pay(self, now_ms: int) -> None:
        """Answer what is owed, now that nobody has the floor."""
        if self._floor.now is not Floor.OPEN:
            return
        if self._owed and not (self._wanted or (self._due and self._answers)):
            self._note(self._all_said(), self._owed_turn or 0)
        elif self._owed:
            self._answer(self._owed_turn or self._listening.new_turn(), now_ms)
        elif self._wanted:
            self._answer(0, now_ms)
        elif self._unanswered is not None and self._answers:
            self._answer(self._unanswered, now_ms)
        elif (turn := self._answering.news.turn) is not None:
            self._answering.begin_round()
            self._answer(turn, now_ms)

    def _answer(self, turn: int, now_ms: int) -> None:
        said = self._all_said()
        self._answering.draft(said, self._wish)
        self._note(said, turn)
        self._release(turn, now_ms, {}, now_ms)

    # ── answers ──

    def draft(self, text: str) -> None:
        """Begin the answer to a turn that may not be over, unless just that has been begun."""
        if self._answers:
            self._answering.draft(self._all_said(text), self._wish)

    def foresee(self, turn: Turn) -> None:
        """The user still speaks. If these may be the last words, begin the answer; else prepare the model."""
        if not self._answers:
            return
        if turn.text and (turn.faded or completeness(turn.text) in PROMISING):
            said, early = self._all_said(turn.text), not turn.faded
            self._answering.draft(said, self._wish, unsure=True, early=early)
            if turn.faded and self._answering.answer:
                self._answering.answer.draft.go_on()
        elif turn.text:
            self._answering.prime(self._all_said(turn.text))

    def commit(self, turn: Turn, text: str, now_ms: int) -> None:
        """The turn is over: its answer may sound, if it is to have one."""
        if not self._answers:
            self._hear_out(turn, text)
            return
        self.draft(text)
        marks = {"transcript_final": turn.final_ms or now_ms, "turn_end": now_ms}
        since_ms = turn.silent_since_ms if turn.silent_since_ms is not None else now_ms
        self._listening.commit(text)
        self._note(self._all_said(text), turn.id)
        self._release(turn.id, since_ms, marks, now_ms)

    def _hear_out(self, turn: Turn, text: str) -> None:
        """What was said is kept, and the client asks for the answer, or does not."""
        self._answering.discard_draft()
        self._listening.commit(text)
        self._note(self._all_said(text), turn.id)
        self._floor.cue(Cue.DROPPED)

    def say(self, text: str, now_ms: int) -> None:
        """Speak these words, if nobody has the floor."""
        if self._floor.now is Floor.OPEN:
            self._answering.draft_words(text, now_ms)
            self._release(0, now_ms, {}, now_ms)

    def _release(self, turn: int, since_ms: int, marks: dict[str, int], now_ms: int) -> None:
        asked = self._wanted.tag if self._wanted else None
        aside = self._wish.messages is not None and self._answering.config.turn.answers
        self._unanswered = (turn or self._unanswered) if aside else None  # the user's answer is still to come
        self._wanted = None
        self._floor.cue(Cue.COMMITTED)
        self._answering.release(turn, since_ms, marks, now_ms, asked)

    def _all_said(self, text: str = "") -> str:
        return " ".join([*self._owed, text] if text else self._owed)

    def _note(self, said: str, turn: int = 0) -> None:
        self._barged_in |= bool(said)
        self.passed = 0 if said else self.passed
        self._owed.clear()
        self._owed_turn, self._due = None, False
        self._answering.conversation.user_said(said, f"turn:{turn}")

    # ── endings ──

    def break_off(self, now_ms: int) -> None:
        """The user speaks instead. If nothing comes of it, an unanswered question still is owed one."""
        answer = self._answering.answer
        if answer and self._leaves_open(answer, now_ms):
            self._unanswered = answer.turn
        if answer and answer.turn and answer.playout.position_ms(now_ms) < CUT_OFF_MS:
            self._cut_offs = min(MOST_CUT_OFFS, self._cut_offs + 1)
        self._barged_in = True
        self._answering.finish("interrupted", now_ms)

    def _leaves_open(self, answer: Answer, now_ms: int) -> bool:
        """Whether nothing was heard of it, nothing called, and what it answered is the last that was said."""
        last = self._answering.conversation.entries[-1:]
        if not last or answer.calls or answer.playout.heard(now_ms):
            return False
        return last[0].role == "user" or (last[0].role != "assistant" and not answer.canned)

    def cut_off(self, reason: StopReason, now_ms: int) -> None:
        """The answer ends here, by the client's wish."""
        self._answering.hold(reason, self._listening.clock.at(now_ms), now_ms)
        self._end("interrupted", now_ms)

    def begin_anew(self, now_ms: int) -> None:
        """What is being answered will be, but not by this answer, of which nothing has sounded."""
        answer = self._answering.answer
        self.cut_off("replaced", now_ms)
        self._unanswered = answer.turn if answer else None

    def played_out(self, now_ms: int) -> None:
        """The answer has sounded to its end, or the client does not get on with playing it."""
        answer = self._answering.answer
        if answer and self._floor.now in (Floor.THINKING, Floor.AGENT):
            if answer.playout.position(now_ms) < answer.playout.total:
                self.cut_off("error", now_ms)
            elif answer.curtailed:
                self.cut_off("replaced", now_ms)
            else:
                self._cut_offs = max(0, self._cut_offs - 1)
                self._end("failed" if answer.failed else "completed", now_ms)

    def give_up(self, now_ms: int) -> None:
        """The session is over: the answer ends wherever it is."""
        answer = self._answering.answer
        if answer and answer.released:
            self._answering.hold("client", self._listening.clock.at(now_ms), now_ms)
            self._answering.finish("interrupted", now_ms)
        self._answering.discard_draft()

    def _end(self, status: ResponseStatus, now_ms: int) -> None:
        self._answering.finish(status, now_ms)
        self._floor.cue(Cue.DONE)
