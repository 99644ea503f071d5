"""Whatever is cut, wherever, over however many servers: a person is told everything once and in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.runtime.comebacks import Client, House, messages
from tests.runtime.stage import QUESTION
from tests.runtime.staged_models import ANSWER
from voice_server.adapters.store_memory import MemoryStore
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.inbound import Acked
from voice_server.runtime.sessions import Comeback

FRAME_SAMPLES = 320
LISTEN_MS = 6_000

Kind = TypeVar("Kind")

Cut = tuple[int, str, int]
"""After so many ms: how, and how many of the last messages had not arrived."""

WAITS_MS = [0, 20, 100, 260, 400, 700, 1_500]
LINGER_MS = 100
"""What is written at the latest after so long survives its server."""


def cuts(waits_ms: list[int], *kinds: str) -> st.SearchStrategy[list[Cut]]:
    """Up to five of them."""
    each = st.tuples(st.sampled_from(waits_ms), st.sampled_from(kinds), st.integers(0, 3))
    return st.lists(each, max_size=5)


@dataclass
class Person:
    """What one person got over all connections: a message that came twice is the server's fault."""

    clients: list[Client] = field(default_factory=list)
    seen: list[tuple[int, object]] = field(default_factory=list)

    def read(self, lost: int) -> int:
        """Take what the last connection brought, but for its last messages, which were lost on the way."""
        told = messages(self.clients[-1])
        self.seen += told[: len(told) - lost] if lost else told
        return self.seen[-1][0] if self.seen else 0


async def _conversation(cuts: list[Cut]) -> Person:
    clock, person = VirtualClock(), Person()
    store = MemoryStore(clock.now_ms)
    houses = [House(clock, store=store)]
    async with asyncio.TaskGroup() as tasks:
        done = asyncio.Event()
        await _open(houses[-1], tasks, done)
        person.clients.append(await houses[-1].start())
        await person.clients[-1].tell(events.UserTyped(QUESTION))
        for after_ms, how, lost in cuts:
            await person.clients[-1].rest(after_ms)
            await _lose(how, person.clients[-1], houses[-1])
            if how == "killed":
                houses.append(House(clock, store=store))
                await _open(houses[-1], tasks, done)
            await _return(person, houses[-1], lost, doubled=how == "doubled")
        await person.clients[-1].rest(LISTEN_MS)
        person.read(0)
        done.set()
        await clock.advance(5_000)
    return person


async def _open(house: House, tasks: asyncio.TaskGroup, done: asyncio.Event) -> None:
    async def keep_open() -> None:
        async with house.open():
            await done.wait()

    tasks.create_task(keep_open())
    await house.clock.settle()


async def _lose(how: str, client: Client, house: House) -> None:
    if how == "cut":
        await client.drop()
    elif how == "half-open":
        client.link.stop_reading()  # and the server does not know
    elif how == "killed":
        house.die()


async def _return(person: Person, house: House, lost: int, *, doubled: bool) -> None:
    former = person.clients[-1]
    lost = min(lost, max(0, len(messages(former)) - 1))  # the first message holds the token
    session, token = former.credentials
    wanted = Comeback(session, token, person.read(lost))
    if doubled:  # the same request twice: the second connection wins
        await house.resume(wanted)
    client = await house.resume(wanted)
    person.clients.append(client)
    await client.tell(Acked(wanted.last_seq))


@settings(max_examples=15, deadline=None)
@given(cuts=cuts(WAITS_MS, "cut", "half-open", "doubled"))
def test_the_sequence_of_messages_is_the_one_without_cuts(cuts: list[Cut]) -> None:
    person = asyncio.run(_conversation(cuts))
    _numbered_without_gaps(person)
    assert [(end.status, end.heard) for end in _of(person, facts.ResponseEnded)] == [("completed", ANSWER)]
    assert "".join(added.delta for added in _of(person, facts.TextAdded)).strip() == ANSWER
    _said_once(person)


@settings(max_examples=15, deadline=None)
@given(cuts=cuts([ms for ms in WAITS_MS if ms >= LINGER_MS], "cut", "killed", "doubled"))
def test_where_servers_are_killed_the_answer_is_still_given_once_and_whole(cuts: list[Cut]) -> None:
    """The last pieces of text may be told again: who told them died before writing that down."""
    person = asyncio.run(_conversation(cuts))
    _numbered_without_gaps(person)
    assert [(end.status, end.heard) for end in _of(person, facts.ResponseEnded)] == [("completed", ANSWER)]
    _said_once(person)


def _of(person: Person, kind: type[Kind]) -> list[Kind]:
    return [item for _, item in person.seen if isinstance(item, kind)]


def _numbered_without_gaps(person: Person) -> None:
    seqs = [seq for seq, _ in person.seen]
    assert seqs == list(range(1, len(seqs) + 1))


def _said_once(person: Person) -> None:
    """On each connection the sound goes on without a gap, and nothing in it comes twice."""
    for client in person.clients:
        positions = [frame.position for frame in client.frames]
        assert all(0 < b - a <= FRAME_SAMPLES for a, b in pairwise(positions))
