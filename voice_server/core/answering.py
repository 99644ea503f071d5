"""What the assistant says: at most one answer at a time, drafted, released, held, resumed and ended.

Knows nothing of the floor; `Session` asks it for things and looks at what it has become.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import assert_never

from voice_server.core import events
from voice_server.core.answer import Answer
from voice_server.core.commands import Command, Generate, Prime, ResponseStatus, StopReason, Trouble
from voice_server.core.conversation import Conversation, Message
from voice_server.core.deadlines import Deadline, Deadlines
from voice_server.core.lexicon import words
from voice_server.core.news import News
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.requests import AS_USUAL, Wish
from voice_server.core.tools import ToolSpec

REMEMBERED = 64
"""What was heard of so many answers may still be corrected."""


class Answering:
    """The current answer, and the history that it ends up in."""

    def __init__(
        self, config: SessionConfig, policy: Policy, deadlines: Deadlines, emit: Callable[[Command], None]
    ) -> None:
        self.config = config
        self.conversation = Conversation(config.instructions)
        self.news = News(self.conversation)
        self.answer: Answer | None = None
        self._policy = policy
        self._deadlines = deadlines
        self._emit = emit
        self._responses = count(1)
        self._reference_ms = 0
        self._request: Generate | None = None
        self._past: deque[Answer] = deque(maxlen=REMEMBERED)
        self._wish = AS_USUAL  # what the present answer is to be
        self._drafted: list[str] = []  # the words that the draft answers
        self._primed = ""  # the words that the language model was last prepared for
        self._rounds = 0  # answers in a row to nothing but results of tools
        self.away = False  # the client is, and may come back

    def configure(self, config: SessionConfig) -> None:
        """From the next answer on."""
        self.config = config
        self.conversation.instructions = config.instructions
        self._primed = ""

    # ── making one ──

    def draft(self, said: str, wish: Wish = AS_USUAL, *, unsure: bool = False, early: bool = False) -> None:
        """Begin an answer to the history and `said`, which may not be the user's last word.

        One to the same words stays, whatever their case and punctuation. `unsure`: there may be more of them;
        `early`: there surely is, and a model with other work may decline.
        """
        if self.answer and words(said) == self._drafted and wish == self._wish:
            if not unsure:
                self.answer.draft.make_sure()
            return
        self.discard_draft()
        self._drafted, self._wish = words(said), wish
        self._rounds = 0 if said else self._rounds
        self.answer = self._new(wish.speech)
        self.answer.draft.unsure = unsure
        must_call = self.config.must_call if wish.must_call is None else wish.must_call
        prompt, may_call = self._prompt(said, wish), self._may_call
        self._request = Generate(
            self.answer.id, prompt, may_call, wish.tools, must_call, wish.max_tokens, early=early
        )
        self._emit(self._request)

    @property
    def _may_call(self) -> bool:
        return self._rounds < self._policy.tool_rounds

    def begin_round(self) -> None:
        """The next answer is about news; those to results of tools are rounds, which the user's words end."""
        self._rounds = self._rounds + 1 if self.news.is_from_tool else 0

    def _prompt(self, user_text: str, wish: Wish) -> tuple[Message, ...]:
        system, *said = self.conversation.prompt(user_text)
        if wish.instructions is not None:
            system = replace(system, content=wish.instructions)
        return (system, *(said if wish.messages is None else wish.messages))

    def rest(self) -> None:
        """Let a draft wait that is not sure."""
        if self.answer:
            self.answer.rest()

    def prime(self, user_text: str) -> None:
        """The user's next words begin like this."""
        if self.answer and (self.answer.released or words(user_text) == self._drafted):
            return
        self.discard_draft()
        if user_text != self._primed:
            self._primed = user_text
            self._emit(Prime(self.conversation.prompt(user_text)))

    def draft_words(self, text: str, now_ms: int) -> None:
        """An answer that needs no model: a greeting, an apology."""
        self.answer = self._new()
        self.answer.say(text, now_ms)

    def discard_draft(self) -> None:
        """The user goes on: the draft answers the wrong question."""
        if self.answer and not self.answer.released:
            self.answer.discard()
            self._forget()

    def release(
        self, turn: int, since_ms: int, marks: dict[str, int], now_ms: int, asked: str | None = None
    ) -> None:
        """The draft becomes the answer to `turn`. `since_ms`: when the user's speech ended."""
        if self.answer:
            self._reference_ms = since_ms
            if not self.answer.canned and self._wish.messages is None:
                self.news.told()
            self.answer.marks.update(marks)
            self.answer.release(turn, now_ms, asked)

    # ── what happens to it ──

    def handle(self, event: events.ResponseEvent, now_ms: int) -> None:
        """Follow the answer's making and playing."""
        answer = self.answer
        if answer is None or event.response != answer.id:
            return
        match event:
            case events.TextGenerated() | events.ToolCallProposed():
                self._add(answer, event, now_ms)
            case events.DraftDeclined():
                self._draft_later(answer)
            case events.GenerationFailed() if answer.draft.unsure:
                self.discard_draft()
            case events.GenerationEnded() | events.GenerationFailed():
                self.text_over(now_ms, failure=_failure(answer, event))
            case events.AudioSynthesized():
                answer.add_audio(event.clause, event.samples, event.words, now_ms)
            case events.ClauseSynthesized():
                answer.end_clause(event.clause, now_ms)
            case events.SynthesisFailed():
                self.speech_over(event.reason)
            case events.PlaybackReported():
                answer.playout.report(event.played_ms, now_ms)
            case _:
                assert_never(event)

    def _add(
        self, answer: Answer, event: events.TextGenerated | events.ToolCallProposed, now_ms: int
    ) -> None:
        if answer.text_complete:
            return  # too late: its end has been told
        if isinstance(event, events.ToolCallProposed):
            answer.propose(event, now_ms)
        else:
            answer.add_text(event.text, now_ms)
        self._deadlines.clear(Deadline.GENERATION)  # from here it counts anew

    def _draft_later(self, answer: Answer) -> None:
        """Others need the model. What has been released meanwhile is no draft any more."""
        if answer.released and self._request:
            self._emit(replace(self._request, early=False))
        else:
            self.discard_draft()

    def text_over(self, now_ms: int, *, failure: str | None) -> None:
        """No more text will come; after a failure the user hears so."""
        answer = self.answer
        if answer is None or answer.text_complete:
            return
        self._deadlines.clear(Deadline.GENERATION)
        if failure:
            self._emit(Trouble("generation_failed", failure))
            answer.apologise(self._policy.apology, now_ms)
        answer.end_text(now_ms)

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """Those that the answer under way may call."""
        own = self.config.tools if self._wish.tools is None else self._wish.tools
        return (*self.config.server_tools, *own)

    @property
    def may_be_cut(self) -> bool:
        """Whether news may end the answer under way: not our own few words, nor what was asked for so."""
        return bool(self.answer and self.answer.aloud and not self.answer.canned and self._wish == AS_USUAL)

    def curtail(self, now_ms: int) -> None:
        """Say no more than the clause that sounds."""
        if self.answer:
            self.answer.curtail(now_ms)
            if self.answer.text_complete:
                self._deadlines.clear(Deadline.GENERATION)

    def speech_over(self, failure: str) -> None:
        """No more of it can be spoken: the answer ends where its audio ends."""
        if self.answer:
            self._deadlines.clear(Deadline.GENERATION)
            self._emit(Trouble("synthesis_failed", failure))
            self.answer.abandon()

    def text_missing(self, now_ms: int) -> None:
        """The language model has been silent for too long."""
        self.text_over(now_ms, failure="the language model has stalled")

    def speech_missing(self, now_ms: int) -> None:
        """There has been nothing to play for too long."""
        self.speech_over("the synthesizer has stalled")

    def look_ahead(self, now_ms: int) -> None:
        """Wake when the answer will have sounded to its end, or when it has been dry for too long."""
        self._await_text(now_ms)
        finished_at_ms = self.answer.finished_at_ms() if self.answer else None
        dry_at_ms = self.answer.dry_at_ms() if self.answer else None
        stalled_at_ms = None if dry_at_ms is None else dry_at_ms + self._policy.synthesis_stall_ms
        for reason, at_ms in ((Deadline.PLAYED_OUT, finished_at_ms), (Deadline.SYNTHESIS, stalled_at_ms)):
            if at_ms is None:
                self._deadlines.clear(reason)
            else:
                self._deadlines.set(reason, at_ms)

    # ── the client goes and comes ──

    def suspend(self, response: int, sent: int, now_ms: int) -> None:
        """The client is gone: nothing sounds. It was sent `sent` samples of `response`, and of no other."""
        self.away = True
        if self.answer:
            self.answer.suspend(sent if self.answer.id == response else 0, now_ms)

    def go_on(self, response: int, played_ms: int | None, now_ms: int) -> None:
        """The client is back, and has played so much of `response`, if it says so."""
        self.away = False
        if self.answer and self.answer.suspended:
            self.answer.go_on(played_ms if self.answer.id == response else None, now_ms)

    # ── playing and ending ──

    def hold(self, reason: StopReason, at_ms: int, now_ms: int) -> None:
        """Silence, at once. `at_ms` is on the input clock."""
        if self.answer and not self.answer.held:
            self.answer.hold(reason, at_ms, now_ms)

    def resume(self, now_ms: int) -> None:
        """Go on with the answer that was held."""
        if self.answer:
            self.answer.resume(now_ms)

    def finish(self, status: ResponseStatus, now_ms: int) -> None:
        """The answer's one ending. The history keeps what was heard of it."""
        if answer := self.answer:
            heard = answer.finish(status, self._reference_ms, now_ms)
            if self._wish.remembered:
                self.conversation.assistant_said(heard, f"response:{answer.id}", answer.calls)
            self._past.append(answer)
            self._forget()

    def correct(self, response: int, played_ms: int, now_ms: int) -> None:
        """The client says how much of a response was heard, even if it is over."""
        if self.answer and self.answer.id == response:
            self.answer.playout.report(played_ms, now_ms)
        for answer in self._past:
            if answer.id == response and answer.aloud:
                answer.playout.stop(now_ms)
                answer.playout.report(played_ms, now_ms)
                self.conversation.amend(f"response:{response}", answer.heard(now_ms))

    def _forget(self) -> None:
        self.answer = None
        self._drafted, self._primed, self._wish = [], "", AS_USUAL
        self._deadlines.clear(Deadline.GENERATION, Deadline.SYNTHESIS, Deadline.PLAYED_OUT)

    def _await_text(self, now_ms: int) -> None:
        if self.answer is None or not self.answer.wants_text:
            self._deadlines.clear(Deadline.GENERATION)
        elif not self._deadlines.has(Deadline.GENERATION):
            self._deadlines.set(Deadline.GENERATION, now_ms + self._policy.generation_stall_ms)

    def _new(self, speech: bool | None = None) -> Answer:
        aloud = self.config.speech if speech is None else speech
        answer = Answer(next(self._responses), self.config.output_rate_hz, self._emit, aloud=aloud)
        answer.suspended = self.away
        return answer


def _failure(answer: Answer, end: events.GenerationEnded | events.GenerationFailed) -> str | None:
    if isinstance(end, events.GenerationFailed):
        return end.reason
    return None if answer.has_substance else "the model gave no words"
