"""Whose floor it is, after a sound over the assistant's voice, or in a noise that goes on.

The answer was held at the first sound, which is cheap to take back; here it is decided whether to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from voice_server.core import lexicon
from voice_server.core.answering import Answering
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.listening import Listening
from voice_server.core.policy import Policy
from voice_server.core.replies import Replies
from voice_server.core.turns import Cue, Floor, FloorState
from voice_server.core.user_turn import Turn


class Verdict(Enum):
    """What became of it."""

    WAIT = "not decided yet"
    CONFIRM = "the user takes the floor"
    TAKE_BACK = "a noise or a backchannel: the answer goes on"


@dataclass(frozen=True, slots=True)
class Sound:
    """What is known of the sound so far. `text` is None until a transcript has come."""

    speech_ms: int
    """How much of it `text` was made of."""
    text: str | None
    complete: bool
    """Whether `text` covers the whole sound, which has ended."""
    doubted: bool = False
    """Whether the words want another hypothesis in their favour: a sneeze is heard as "BAKES YOU!", once."""


def verdict(sound: Sound, policy: Policy) -> Verdict:
    """Decide on what is known: words first, then how long there have been none that matter.

    What is taken back is still overheard, so an "okay" that goes on with "but wait" is not lost.
    """
    if sound.text is None:
        return Verdict.WAIT
    if lexicon.takes_floor(sound.text):
        if _is_believed(sound.text, sound.doubted):
            return Verdict.CONFIRM
        return Verdict.TAKE_BACK if sound.complete else Verdict.WAIT
    enough_ms = policy.backchannel_ms if lexicon.is_backchannel(sound.text) else policy.noise_ms
    return Verdict.TAKE_BACK if sound.complete or sound.speech_ms >= enough_ms else Verdict.WAIT


def _is_believed(text: str, doubted: bool) -> bool:
    """Whether one hypothesis will do. A "stop" is believed in any case."""
    return not doubted or lexicon.has_stop_word(text)


class Contest:
    """Sounds that nobody has the floor for: contested ones, and those that are only overheard.

    Where the floor becomes the user's, it is left at USER, and the method says so.
    """

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
    def allowed(self) -> bool:
        """Whether the voice may take the floor. Mostly, what has not sounded yet can be withdrawn."""
        turn, floor = self._answering.config.turn, self._floor.now
        return turn.barge_in or floor is Floor.OPEN or (floor is Floor.THINKING and not turn.hears_over)

    def begin(self, at_ms: int, now_ms: int) -> None:
        """A sound over the answer, from `at_ms` on the input clock: silence, and listen."""
        self._answering.hold("barge_in", at_ms, now_ms)
        self._listening.open(at_ms, self._policy.contest_first_ms)
        self._listening.hurry()
        self._deadlines.set(Deadline.CONTESTED, now_ms + self._policy.contest_limit_ms)
        self._floor.cue(Cue.ONSET)

    def overhear(self, now_ms: int) -> None:
        """Speech is heard that is in no turn: keep an ear on it."""
        idle = self._floor.now in (Floor.OPEN, Floor.THINKING, Floor.AGENT)
        if idle and self._listening.speaking and self._listening.turn is None and self.allowed:
            self._listening.overhear(now_ms)

    def judge(self, turn: Turn, now_ms: int) -> bool:
        """A hypothesis came. Returns whether the floor is the user's now."""
        if self._floor.now is Floor.CONTESTED:
            return self._judge_contested(turn, now_ms)
        return self._judge_overheard(turn, now_ms)

    def _judge_contested(self, turn: Turn, now_ms: int) -> bool:
        sound = Sound(turn.covered_ms, turn.text, turn.final is not None, turn.doubted)
        found = verdict(sound, self._policy)
        if found is Verdict.CONFIRM:
            self.confirm(now_ms)
        elif found is Verdict.TAKE_BACK:
            self.take_back(now_ms)
        return found is Verdict.CONFIRM

    def _judge_overheard(self, turn: Turn, now_ms: int) -> bool:
        """Over an answer it takes more than a backchannel; where nobody speaks, any word is a turn."""
        opened = self._floor.now is Floor.OPEN
        matters = bool(lexicon.words(turn.text)) if opened else lexicon.takes_floor(turn.text)
        if self.allowed and matters and (opened or _is_believed(turn.text, turn.doubted)):
            self._answering.hold("barge_in", turn.start_at_ms, now_ms)
            self._floor.cue(Cue.ONSET)
            if not opened:
                self.confirm(now_ms)
            return True
        if turn.final is not None:
            self._listening.close()
        elif not (self.allowed and matters):
            self._listening.forget()
        return False

    def decide(self, now_ms: int) -> bool:
        """It was contested for long enough: words decide, or it is taken back. Returns as `judge`."""
        turn = self._listening.turn
        if turn is None or self._floor.now is not Floor.CONTESTED:
            return False
        if lexicon.words(turn.text) and self._listening.speaking:
            self.confirm(now_ms)
            return True
        self.take_back(now_ms)
        return False

    def confirm(self, now_ms: int) -> None:
        """The floor is the user's; the held answer ends."""
        self._replies.break_off(now_ms)
        self._deadlines.clear(Deadline.CONTESTED)
        self._floor.cue(Cue.CONFIRMED)

    def take_back(self, now_ms: int) -> None:
        """The answer goes on. What is still to be learnt of the sound is overheard."""
        self._deadlines.clear(Deadline.CONTESTED)
        self._listening.relax(now_ms)
        self._floor.cue(Cue.TAKEN_BACK)
        self._answering.resume(now_ms)
