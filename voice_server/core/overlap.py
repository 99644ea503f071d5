"""What the user says over an answer that may not be interrupted: turns like any other, answered after it.

The floor stays the answer's. When the answer ends, a turn that is still going on takes the floor.
"""

from __future__ import annotations

from voice_server.core import lexicon
from voice_server.core.answering import Answering
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.listening import Listening
from voice_server.core.replies import Replies
from voice_server.core.turns import Cue, Floor, FloorState
from voice_server.core.user_turn import Turn


class Overlap:
    """Follows the user's turn while the assistant goes on. Times as in `FloorKeeper`."""

    def __init__(
        self,
        floor: FloorState,
        listening: Listening,
        answering: Answering,
        replies: Replies,
        deadlines: Deadlines,
    ) -> None:
        self._floor = floor
        self._listening = listening
        self._answering = answering
        self._replies = replies
        self._deadlines = deadlines
        self._policy = listening.policy

    @property
    def applies(self) -> bool:
        """Whether what the user says now, or is saying, is followed here."""
        if self._floor.now not in (Floor.THINKING, Floor.AGENT):
            return False
        turn = self._answering.config.turn
        return (turn.hears_over and not turn.barge_in) or self._turn is not None

    @property
    def follows(self) -> bool:
        """Whether there is such a turn, if only its words are awaited."""
        return self.applies and self._turn is not None

    @property
    def open(self) -> bool:
        """Whether the user is speaking, as far as is known."""
        return self.applies and self._turn is not None and self._turn.end_at_ms is None

    @property
    def _turn(self) -> Turn | None:
        turn = self._listening.turn
        return None if turn is None or turn.overheard else turn

    # ── the user's voice ──

    def begin(self, at_ms: int, now_ms: int) -> None:
        """An onset: a turn begins or goes on."""
        turn = self._listening.turn
        if turn and not turn.overheard:
            self._listening.reopen(at_ms, now_ms)
        else:  # the last words of what was overheard belong to this
            start_at_ms = min(at_ms, turn.start_at_ms) if turn else at_ms
            self._listening.open(start_at_ms, self._policy.partial_interval_ms)

    def fall_silent(self, at_ms: int, now_ms: int) -> None:
        """The VAD hears silence. A turn in a noise that went on may have ended before."""
        if self.open:
            self._listening.pause(at_ms, now_ms)
            self._ask(now_ms)

    def overhear(self, now_ms: int) -> None:
        """Speech goes on that is in no turn: keep an ear on it."""
        if self.applies and self._listening.speaking and self._listening.turn is None:
            self._listening.overhear(now_ms)

    def judge(self, now_ms: int) -> None:
        """More is known of the words, or of the silence after them."""
        turn = self._listening.turn
        if turn is None:
            return
        if turn.overheard:
            self._judge_overheard(turn, now_ms)
        elif turn.final == "":
            self._listening.drop(now_ms)
        elif turn.end_at_ms is not None:
            self._weigh(turn, now_ms)
        elif turn.wordless_ms >= self._policy.stale_words_ms:
            self.close(turn.words_at_ms, now_ms)

    def _judge_overheard(self, turn: Turn, now_ms: int) -> None:
        if lexicon.words(turn.text):
            self._listening.attend(now_ms)
            if turn.end_at_ms is not None:
                self._ask(now_ms)
        elif turn.final is None:
            self._listening.forget()
        else:
            self._listening.close()

    def _ask(self, now_ms: int) -> None:
        if not self._deadlines.has(Deadline.SCORE):
            self._listening.ask_score(now_ms)
        self.judge(now_ms)

    def _weigh(self, turn: Turn, now_ms: int) -> None:
        if self._listening.is_over(self._replies.responsiveness, now_ms) and turn.final:
            self._listening.commit(turn.final)
            self._owe(turn, turn.final)

    def _owe(self, turn: Turn, text: str) -> None:
        """A backchannel is kept in mind, and not answered."""
        self._replies.owe(text, turn.id, answer=not lexicon.is_backchannel(text))

    # ── its end, whatever is heard ──

    def close(self, at_ms: int, now_ms: int) -> None:
        """The turn is over at `at_ms`; its words are awaited."""
        if self.open:
            self._listening.pause(at_ms, now_ms)
        if self._turn:
            self._listening.declare_over()
            self.judge(now_ms)

    def commit(self, start_at_ms: int, end_at_ms: int, now_ms: int) -> None:
        """The client says that the sound between these is a turn, or ends the one that it is part of."""
        if self._turn is None:
            self.begin(start_at_ms, now_ms)
        self.close(end_at_ms, now_ms)

    def split(self, now_ms: int) -> None:
        """The transcriber can hear no more at once."""
        turn = self._turn
        if turn is None:
            return
        if turn.text:
            self._owe(turn, self._listening.split())
        elif self._listening.is_fresh(now_ms):
            self._listening.start_over(now_ms)
        else:
            self.close(turn.words_at_ms, now_ms)

    def take_floor(self) -> bool:
        """Whoever spoke over an answer has the floor when it is over. Returns whether they fell silent."""
        if self._floor.now is not Floor.OPEN or self._turn is None:
            return False
        self._floor.cue(Cue.ONSET)
        return self._turn.end_at_ms is not None
