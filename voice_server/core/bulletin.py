"""When news is spoken about: at once where nobody speaks, else at a clause boundary or when it is quiet.

No model here takes in news while it generates. So an answer that has not sounded begins anew and knows the
news; one that sounds ends with its clause, and the next goes on from what was heard. What the user says
meanwhile is answered with the news in mind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from voice_server.core import events
from voice_server.core.answer import Answer
from voice_server.core.answering import Answering
from voice_server.core.commands import Command
from voice_server.core.deadlines import Deadlines
from voice_server.core.floor import FloorKeeper
from voice_server.core.news import Item
from voice_server.core.tool_calls import ToolCalls
from voice_server.core.turns import Floor

RESTARTS = 3
"""An answer that has not sounded begins anew so often in a row: news without end must not silence it."""


class Bulletin:
    """Fits the news to the floor. Times are session ms."""

    def __init__(
        self,
        keeper: FloorKeeper,
        answering: Answering,
        deadlines: Deadlines,
        emit: Callable[[Command], None],
    ) -> None:
        self.calls = ToolCalls(answering, keeper.policy, deadlines, emit)
        self._keeper = keeper
        self._answering = answering
        self._news = answering.news
        self._restarts = 0

    def handle(self, event: events.NewsEvent) -> None:
        """Something was learnt."""
        match event:
            case events.ToolAnswered():
                self.calls.answered(event)
            case events.ContextAdded():
                self._news.add(Item(event.text, event.speak))
            case _:
                assert_never(event)

    def settle(self, now_ms: int) -> None:
        """What follows from the news, whatever led to it."""
        if self._keeper.ended:
            return
        if self._keeper.replies.take_barge_in():
            self.calls.barged_in()
        self.calls.take(now_ms)
        if self._keeper.floor is not Floor.THINKING:
            self._restarts = 0
        answer = self._answering.answer
        if answer and answer.released:
            self._interrupt(answer, now_ms)
        self._enter(now_ms)

    def watch(self) -> None:
        """Set the next wakings."""
        if not self._keeper.ended:
            self.calls.watch()

    def _interrupt(self, answer: Answer, now_ms: int) -> None:
        if not self._answering.may_be_cut or not self._news.is_urgent_during(answer.id):
            return
        if answer.sounding:
            self._answering.curtail(now_ms)
        elif self._keeper.floor is Floor.THINKING and not answer.calls and self._restarts < RESTARTS:
            self._restarts += 1
            self._keeper.replies.begin_anew(now_ms)

    def _enter(self, now_ms: int) -> None:
        answer = self._answering.answer
        if answer and answer.released:
            return
        if self._news.enter() and answer:
            self._answering.discard_draft()  # it knows nothing of this
            self._keeper.redraft(now_ms)

    def excuse(self, now_ms: int) -> None:
        """A call takes its time: say so, if nobody speaks."""
        filler = self._answering.config.filler
        if self.calls.slow(now_ms) and filler:
            self._keeper.replies.say(filler, now_ms)
