"""What holds of every session, whatever happens to it in whatever order."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import Counter

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core.rules import Rules
from tests.core.world import RATE_HZ, World, told_again
from voice_server.core import commands, events
from voice_server.core.policy import Policy, SessionConfig, TurnConfig
from voice_server.core.session import Session
from voice_server.core.tools import Speak, ToolSpec
from voice_server.core.trace import TracedSession, replay
from voice_server.core.turns import Floor

HYPOTHESES = st.sampled_from(
    [
        "",
        "...",
        "mm-hmm",
        "Yeah.",
        "Stop.",
        "What time",
        "What time is it?",
        "what time is it in Lisbon and",
        "I would like to know what time it is in Lisbon.",
        "My number is 5 5 1",
        "yeah yeah okay right then",
    ]
)
CERTAINTIES = st.sampled_from([(-0.2, 0.01), (-1.5, 0.9), (-0.2, 0.9)])
WAITS_MS = st.sampled_from([0, 1, 20, 100, 160, 300, 700, 1_500, 3_000, 9_000, 30_000])
PIECES = st.sampled_from(
    ["Well", ", ", "of course. ", "It is 3.5 miles", " to the sea", "? ", "No.", " 🙂 ", "\n", "你好。是，"]
)
TURNS = st.builds(
    TurnConfig,
    mode=st.sampled_from(["auto", "auto", "auto", "manual"]),
    responsiveness=st.sampled_from([0.0, 0.5, 1.0]),
    barge_in=st.sampled_from([True, True, True, False]),
    hears_over=st.booleans(),
    silence_limit_ms=st.sampled_from([None, None, 5_000]),
)
TOOLS = (
    ToolSpec("look", "Looks.", "{}"),
    ToolSpec("search", "Searches.", "{}", on_barge_in="cancel", timeout_ms=2_000),
)
SERVER_TOOLS = (ToolSpec("time", "Says what time it is.", "{}"),)
SPEAK = st.sampled_from(["now", "now", "when_idle", "never"])
UTTERANCE = "And what is the capital of Portugal?"
LAST_WORD = "Portugal?"
"""The others may be changed by what was promised of a turn that this one goes on with."""


class Conversations(RuleBasedStateMachine):
    """Anything may happen at any moment, as far as the outside world can."""

    @initialize(
        turn=TURNS,
        greeting=st.sampled_from([None, "Hello, who is there?"]),
        delay_ms=st.sampled_from([0, 0, 150]),
        idle_limit_ms=st.sampled_from([None, None, 60_000]),
        turn_limit_ms=st.sampled_from([25_000, 3_000]),
        filler=st.sampled_from([None, "One moment, please."]),
    )
    def begin(
        self,
        turn: TurnConfig,
        greeting: str | None,
        delay_ms: int,
        idle_limit_ms: int | None,
        turn_limit_ms: int,
        filler: str | None,
    ) -> None:
        self.watcher = Rules()
        self.first = SessionConfig(
            greeting=greeting,
            output_rate_hz=RATE_HZ,
            turn=turn,
            tools=TOOLS,
            server_tools=SERVER_TOOLS,
            filler=filler,
        )
        self.policy = Policy(
            idle_limit_ms=idle_limit_ms, turn_limit_ms=turn_limit_ms, tool_timeout_ms=120_000
        )
        self.answered: set[str] = set()
        self.world = World(self.first, self.policy, delay_ms=delay_ms, watch=self.watcher.watch)
        self.stale: list[int] = []
        self.world.tell(events.SessionBegan())

    # ── time ──

    @rule(ms=WAITS_MS)
    def wait(self, ms: int) -> None:
        self.world.wait(ms)

    @rule(ms=WAITS_MS)
    def wait_late(self, ms: int) -> None:
        self.world.wait_late(ms)

    @rule()
    def ring(self) -> None:
        self.world.ring()

    # ── the user ──

    @rule(ms=st.sampled_from([0, 60, 200]), wait_ms=st.sampled_from([0, 100, 300]))
    def fade(self, ms: int, wait_ms: int) -> None:
        if self.world.speaking:
            self.world.fade(ms)
            self.world.wait(wait_ms)

    @rule(ms=st.sampled_from([0, 80, 300]), held_ms=WAITS_MS)
    def speak_or_stop(self, ms: int, held_ms: int) -> None:
        if self.world.speaking:
            self.world.stop_speaking(ms)
        else:
            self.world.start_speaking(ms)
        self.world.wait(held_ms)

    @rule(text=st.sampled_from(["Hello there.", "", "  ", "Never mind that."]), interrupt=st.booleans())
    def type(self, text: str, interrupt: bool) -> None:
        self.world.tell(events.UserTyped(text, interrupt))

    @rule()
    def interrupt(self) -> None:
        self.world.tell(events.Interrupted())

    @rule()
    def press_or_let_go(self) -> None:
        pressed = self.world.floor() is Floor.USER
        kind = events.TurnCommitted if pressed else events.TurnStarted
        self.world.tell(kind(self.world.heard_ms))

    @rule(turn=TURNS)
    def configure(self, turn: TurnConfig) -> None:
        self.world.configure(dataclasses.replace(self.world.config, turn=turn))

    @rule(ms=st.sampled_from([-50, 0, 180, 600, 5_000, 10**9]))
    def report(self, ms: int) -> None:
        for response in self.watcher.live:
            self.world.tell(events.PlaybackReported(response, ms))

    # ── the connection ──

    @rule(sent=st.sampled_from([0, 4_000, 10**9]), heard=st.booleans())
    def lose(self, sent: int, heard: bool) -> None:
        self.watcher.away = True
        self.world.disconnect(max(self.watcher.live, default=0), sent)
        if heard:
            self.world.end_sound()

    @precondition(lambda self: self.world.away)
    @rule()
    def hear_the_rest(self) -> None:
        self.world.end_sound()

    @rule(played_ms=st.sampled_from([None, 0, 300, 10**9]))
    def return_(self, played_ms: int | None) -> None:
        self.watcher.away = False
        self.world.reconnect(max(self.watcher.live, default=0), played_ms)

    # ── the models ──

    @rule(text=HYPOTHESES, certainty=CERTAINTIES)
    def transcribe(self, text: str, certainty: tuple[float, float]) -> None:
        self.world.transcribe(text, *certainty)

    @rule(text=HYPOTHESES)
    def transcribe_on(self, text: str) -> None:
        for _ in range(5):
            self.world.transcribe(text)
            self.world.wait(300)

    @rule()
    def fail_transcription(self) -> None:
        self.world.fail_transcription()

    @rule(probability=st.sampled_from([None, 0.1, 0.6, 0.95]))
    def score(self, probability: float | None) -> None:
        self.world.score_turn(probability)

    @rule(pieces=st.lists(PIECES, min_size=1, max_size=8), over=st.booleans())
    def generate(self, pieces: list[str], over: bool) -> None:
        for piece in pieces:
            self.world.generate(piece)
        if over:
            self.world.end_generation()

    @rule()
    def fail_generation(self) -> None:
        self.world.end_generation("it broke")

    @rule(whole=st.sampled_from([True, True, False]))
    def synthesize(self, whole: bool) -> None:
        self.world.synthesize(whole=whole)

    @rule()
    def fail_synthesis(self) -> None:
        self.world.fail_synthesis()

    @rule(ms=st.sampled_from([200, 600, 1_500]), text=HYPOTHESES)
    def everything_works(self, ms: int, text: str) -> None:
        self.world.live(ms, text)

    @rule(text=HYPOTHESES, silence_ms=st.sampled_from([100, 600, 2_500]))
    def an_exchange(self, text: str, silence_ms: int) -> None:
        if not self.world.speaking:
            self.world.start_speaking()
        self.world.live(900, text)
        self.world.stop_speaking()
        self.world.live(silence_ms, text)

    # ── tools and news ──

    @rule(
        tool=st.sampled_from(["look", "search", "time", "time", "lok"]),
        problem=st.sampled_from([None, None, "the arguments are not JSON"]),
        over=st.booleans(),
    )
    def propose(self, tool: str, problem: str | None, over: bool) -> None:
        self.world.propose(tool, problem=problem)
        if over:
            self.world.end_generation()

    @rule(
        data=st.data(),
        output=st.sampled_from(["sunny", "", None]),
        speak=SPEAK,
        final=st.sampled_from([True, True, False]),
    )
    def give(self, data: st.DataObject, output: str | None, speak: Speak, final: bool) -> None:
        call = data.draw(st.sampled_from(["call_0", *sorted(self.watcher.called)]))
        is_open = call in self.world.calls
        error = "it broke" if output is None else None
        self.world.tell(events.ToolAnswered(call, output, error, final, speak))
        troubled = [t.field for t in self.world.every(commands.Trouble)][-1:] == ["call"]
        assert is_open or troubled or self.world.session.ended
        if is_open and final:
            self.answered.add(call)

    @rule(text=st.sampled_from(["The train is late.", "It rains."]), speak=SPEAK)
    def add_context(self, text: str, speak: Speak) -> None:
        self.world.tell(events.ContextAdded(text, speak))

    # ── what has nothing to do with the present ──

    @rule(data=st.data())
    def stale_event(self, data: st.DataObject) -> None:
        requests = st.integers(-1, self.watcher.request).filter(lambda r: r not in self._awaited())
        responses = st.sampled_from([-1, 0, 10_000, *self.watcher.gone])
        event: events.Event = data.draw(
            st.one_of(
                st.builds(events.Transcribed, requests, HYPOTHESES, st.just(-0.2), st.just(0.0)),
                st.builds(events.TranscriptionFailed, requests, st.just("late")),
                st.builds(events.TurnScored, requests, st.just(0.99)),
                st.builds(events.TextGenerated, responses, PIECES),
                st.builds(events.GenerationEnded, responses),
                st.builds(events.GenerationFailed, responses, st.just("late")),
                st.builds(events.AudioSynthesized, responses, st.just(0), st.just(1_000), st.just(())),
                st.builds(events.ClauseSynthesized, responses, st.just(0)),
                st.builds(events.SynthesisFailed, responses, st.just(0), st.just("late")),
                st.builds(events.PlaybackReported, responses, st.just(400)),
            )
        )
        due_ms = self.world.session.next_deadline()
        self.stale.append(len(self.world.told))
        assert self.world.tell(event) == []
        assert self.world.session.next_deadline() == due_ms

    def _awaited(self) -> set[int]:
        orders = (self.world.transcription, self.world.score)
        return {order.request for order in orders if order}

    @precondition(lambda self: len(self.world.told) > 40)
    @rule()
    def end(self) -> None:
        self.world.tell(events.SessionEnding("client"))

    # ── what always holds ──

    @invariant()
    def history_is_what_was_heard(self) -> None:
        if not hasattr(self, "world"):
            return
        entries = self.world.session.conversation.entries
        remembered = " ".join(e.content for e in entries if e.role == "assistant")
        assert remembered.split() == " ".join(self.watcher.heard).split()
        assert all(entry.content.strip() or entry.calls for entry in entries)
        assert all(a.role != b.role or b.role == "tool" for a, b in itertools.pairwise(entries))

    @invariant()
    def every_call_of_the_history_has_its_place(self) -> None:
        """After an assistant's calls come the answers to them, in their order, and nowhere else."""
        if not hasattr(self, "world"):
            return
        awaited: list[str] = []
        for entry in self.world.session.conversation.entries:
            if entry.role == "tool":
                assert awaited
                assert entry.call == awaited.pop(0)
            else:
                assert not awaited
                awaited = [call.id for call in entry.calls]
        assert not awaited

    @invariant()
    def every_call_has_one_ending(self) -> None:
        if not hasattr(self, "world"):
            return
        assert not self.answered & self.watcher.cancelled
        ended = self.answered | self.watcher.cancelled
        assert set(self.world.calls) == self.watcher.called - ended
        assert not (self.world.session.ended and self.world.calls)

    @invariant()
    def somebody_answers_for_every_state(self) -> None:
        """Where a person's turn is not over, the session waits for something that will come."""
        if not hasattr(self, "world") or self.world.session.ended:
            return
        floor = self.world.floor()
        if floor in (Floor.ENDPOINTING, Floor.CONTESTED):
            assert self.world.session.next_deadline() is not None
        assert (floor in (Floor.THINKING, Floor.AGENT, Floor.CONTESTED)) == any(
            told.began for told in self.watcher.live.values()
        )

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self._says_the_same_again()
        self._falls_silent_in_the_end()
        self._answers_a_plain_utterance()

    def _says_the_same_again(self) -> None:
        told, config, policy = self.world.told, self.first, self.policy
        session, decided = told_again(config, policy, told)
        shifted, later = told_again(config, policy, told, shift_ms=123_456)
        assert later == decided, "the time of day matters"
        due_ms, due_later_ms = session.next_deadline(), shifted.next_deadline()
        assert due_later_ms == (None if due_ms is None else due_ms + 123_456) or due_ms == 0
        fresh = [told for i, told in enumerate(told) if i not in self.stale]
        _, without = told_again(config, policy, fresh)
        assert without == [d for i, d in enumerate(decided) if i not in self.stale]
        self._replays()

    def _replays(self) -> None:
        records: list[dict[str, object]] = []
        traced = TracedSession(Session(self.first, self.policy), records.append)
        for event, now_ms in self.world.told:
            if event:
                traced.receive(event, now_ms)
            else:
                traced.expire(now_ms)
        text = "\n".join(json.dumps(record) for record in records)
        assert list(replay(json.loads(line) for line in text.splitlines())) == []

    def _clone(self) -> tuple[World, Rules]:
        """The same session once more, so that its future can be tried out."""
        rules = Rules()
        world = World(self.first, self.policy, delay_ms=self.world.delay_ms, watch=rules.watch)
        for event, now_ms in self.world.told:
            world.now_ms = now_ms
            if event:
                world.tell(event)
            else:
                world.ring()
        world.now_ms = self.world.now_ms
        world.speaking, world.config = self.world.speaking, self.world.config
        world.transcription, world.score = self.world.transcription, self.world.score
        world.generating, world.clauses = self.world.generating, list(self.world.clauses)
        world.spoken_words, world.edge_ms = self.world.spoken_words, self.world.edge_ms
        if self.world.away and not world.session.ended:
            world.end_sound()
            world.reconnect()
        return world, rules

    def _falls_silent_in_the_end(self) -> None:
        """The models answer no more, nor does the user speak: deadlines alone lead back to an open floor."""
        world, rules = self._clone()
        if world.session.ended:
            return
        if world.speaking:
            world.stop_speaking()
        if world.config.turn.mode == "manual" and world.floor() is Floor.USER:
            world.tell(events.TurnCommitted(world.heard_ms))
        world.wait(300_000)
        assert world.session.ended or world.floor() is Floor.OPEN
        assert world.calls == []
        assert not rules.live
        self._nothing_said_is_forgotten(world)

    def _nothing_said_is_forgotten(self, world: World) -> None:
        """What was told to the client as said, and what was typed, is in the history, in its order."""
        if world.session.ended:
            return
        entries = world.session.conversation.entries
        remembered = " ".join(entry.content for entry in entries if entry.role == "user").split()
        assert Counter(remembered) == Counter(" ".join(self._said(world)).split())

    def _said(self, world: World) -> list[str]:
        typed = [event.text for event, _ in world.told if isinstance(event, events.UserTyped)]
        return typed + [fact.text for fact in world.every(commands.TranscriptCommitted)]

    def _answers_a_plain_utterance(self) -> None:
        world, rules = self._clone()
        if world.session.ended:
            return
        if world.speaking:
            world.stop_speaking()
        manual = world.config.turn.mode == "manual"
        if manual and world.floor() is Floor.USER:
            world.tell(events.TurnCommitted(world.heard_ms))
        if not world.config.turn.barge_in:
            world.live(90_000, "")
        world.answer_everything("")
        world.wait(20)
        world.clear()
        self._say(world, manual)
        world.live(60_000, "")
        if world.session.ended:
            return
        began = [fact.response for fact in world.every(commands.ResponseBegan)]
        prompts = {order.response: order.messages for order in world.every(commands.Generate)}
        answered = [r for r in began if r in prompts and LAST_WORD in prompts[r][-1].content]
        assert answered, "the user was not answered"
        assert len(answered) == 1, "the user was answered twice"
        assert not rules.live
        assert world.floor() is Floor.OPEN

    def _say(self, world: World, manual: bool) -> None:
        if manual:
            world.tell(events.TurnStarted(world.heard_ms))
        world.start_speaking()
        world.live(1_500, UTTERANCE)
        world.stop_speaking()
        if manual:
            world.tell(events.TurnCommitted(world.heard_ms))
        world.live(3_000, UTTERANCE)


TestConversations = Conversations.TestCase
