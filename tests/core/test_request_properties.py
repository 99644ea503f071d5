"""What holds of every session, also where its client cuts turns, asks for answers and edits the history."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import invariant, rule

from tests.core.test_properties import WAITS_MS, Conversations
from tests.core.world import World
from voice_server.core import commands, events
from voice_server.core.conversation import Message
from voice_server.core.requests import (
    AS_USUAL,
    AnswerWanted,
    HeardCorrected,
    InputCleared,
    InputCommitted,
    MessageAdded,
    MessageRemoved,
    Wish,
)
from voice_server.core.turns import Floor

WISHES = st.sampled_from(
    [
        AS_USUAL,
        AS_USUAL,
        Wish(instructions="Say hello."),
        Wish(messages=(Message("user", "What is two and two?"),), remembered=False),
        Wish(speech=False),
        Wish(tools=(), max_tokens=20),
    ]
)
ADDED = st.sampled_from(
    [
        Message("user", "My name is Ann."),
        Message("assistant", "Good morning, Ann."),
        Message("system", "The user is on a train."),
    ]
)


class Requests(Conversations):
    """The same machine, with a client that knows better."""

    tags = 0
    added = 0
    edited = False
    """The history is not simply what was heard."""
    removed = False

    # ── answers ──

    @rule(wish=WISHES)
    def want(self, wish: Wish) -> None:
        self.tags += 1
        self.edited |= not wish.remembered
        self.world.tell(AnswerWanted(f"r{self.tags}", wish))

    @rule()
    def want_two(self) -> None:
        self.want(AS_USUAL)
        self.tags += 1
        decided = self.world.tell(AnswerWanted(f"r{self.tags}"))
        refused = [each.asked for each in decided if isinstance(each, commands.Trouble)]
        assert refused == [f"r{self.tags}"] or self.world.session.ended

    @rule(answers=st.booleans())
    def answer_turns(self, answers: bool) -> None:
        turn = dataclasses.replace(self.world.config.turn, answers=answers)
        self.world.configure(dataclasses.replace(self.world.config, turn=turn))

    # ── turns ──

    @rule(ms=WAITS_MS)
    def commit_input(self, ms: int) -> None:
        heard_ms = self.world.heard_ms
        self.world.tell(InputCommitted(max(0, heard_ms - ms), heard_ms))

    @rule()
    def clear_input(self) -> None:
        self.world.tell(InputCleared(self.world.heard_ms))
        assert self.world.floor() not in (Floor.USER, Floor.ENDPOINTING) or self.world.session.ended

    # ── the history ──

    @rule(message=ADDED, after=st.sampled_from([None, "", "item_1", "turn:1", "response:1"]))
    def add(self, message: Message, after: str | None) -> None:
        self.added += 1
        self.edited = True
        self.world.tell(MessageAdded(f"item_{self.added}", message, after))

    @rule(key=st.sampled_from(["item_1", "item_2", "turn:1", "turn:2", "response:1", "response:2", "x"]))
    def remove(self, key: str) -> None:
        self.edited = self.removed = True
        self.world.tell(MessageRemoved(key))

    @rule(data=st.data(), ms=st.sampled_from([-50, 0, 180, 600, 10**9]))
    def correct(self, data: st.DataObject, ms: int) -> None:
        self.edited = True
        known = sorted({*self.watcher.live, *self.watcher.gone})
        self.world.tell(HeardCorrected(data.draw(st.sampled_from([*known, 10_000])), ms))

    # ── what always holds ──

    @invariant()
    def history_is_what_was_heard(self) -> None:
        """But for what the client made of it: then it still is one that a model can be told."""
        if not hasattr(self, "world"):
            return
        if not self.edited:
            super().history_is_what_was_heard()
        entries = self.world.session.conversation.entries
        assert all(entry.content.strip() or entry.calls for entry in entries)
        assert all(a.role != b.role or b.role == "tool" for a, b in pairwise(entries))

    @invariant()
    def no_wish_is_granted_twice(self) -> None:
        if not hasattr(self, "world"):
            return
        granted = [fact.asked for fact in self.world.every(commands.ResponseBegan) if fact.asked]
        refused = [trouble.asked for trouble in self.world.every(commands.Trouble) if trouble.asked]
        assert len({*granted, *refused}) == len(granted) + len(refused)

    def _nothing_said_is_forgotten(self, world: World) -> None:
        if not self.removed:
            super()._nothing_said_is_forgotten(world)
        self._grants_a_wish(world)

    def _said(self, world: World) -> list[str]:
        added = [event.message for event, _ in world.told if isinstance(event, MessageAdded)]
        return super()._said(world) + [message.content for message in added if message.role == "user"]

    def _grants_a_wish(self, world: World) -> None:
        """Nobody speaks: whoever asks for an answer gets it."""
        if world.session.ended:
            return
        world.clear()
        world.tell(AnswerWanted("the last"))
        assert [fact.asked for fact in world.every(commands.ResponseBegan)] == ["the last"]

    def _say(self, world: World, manual: bool) -> None:
        world.tell(events.Interrupted())  # what was wished for before is another matter
        super()._say(world, manual)
        if not world.config.turn.answers:
            world.tell(AnswerWanted("the last"))


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=settings().max_examples // 3)
