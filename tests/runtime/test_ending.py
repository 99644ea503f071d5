"""All the ways in which a session ends, and which of them leave it to be gone on with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from voice_server.core.commands import Command, SessionEnded
from voice_server.core.events import SessionBegan
from voice_server.core.policy import SessionConfig
from voice_server.core.session import Session
from voice_server.ports import Farewell
from voice_server.runtime.clock import VirtualClock
from voice_server.runtime.deciding import Deciding
from voice_server.runtime.ending import Ending
from voice_server.runtime.lifetime import Lifetime
from voice_server.runtime.session_clock import SessionClock

BUSY = SessionConfig(greeting="Hello.")


@dataclass
class Course:
    """A session that nobody speaks in, on a clock that stands until it is moved."""

    config: SessionConfig = field(default_factory=SessionConfig)
    kept: bool = False
    window_ms: int = 1_000
    limit_ms: int | None = None
    decided: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock(500)
        clock, session = SessionClock(self.clock, start_ms=500), Session(self.config)
        self.deciding = Deciding(session, clock, lambda decision: None, self.decided.extend)
        lifetime = Lifetime(self.window_ms, self.limit_ms)
        self.ending = Ending("s_1", self.deciding, clock, lifetime, kept=self.kept)

    @asynccontextmanager
    async def minded(self) -> AsyncIterator[Ending]:
        self.deciding.tell(SessionBegan())
        async with asyncio.TaskGroup() as tasks:
            minding = tasks.create_task(self.ending.mind_the_time())
            yield self.ending
            minding.cancel()

    @property
    def outcome(self) -> tuple[list[str], Farewell | None, bool]:
        """The reasons that the client is told, how it is hung up on, and whether the session stays."""
        assert self.ending.over
        ended = [each.reason for each in self.decided if isinstance(each, SessionEnded)]
        return ended, self.ending.farewell, self.ending.stays


async def test_the_first_ending_counts() -> None:
    course = Course()
    course.ending.end("deleted", Farewell.ENDED)
    course.ending.leave(Farewell.TAKEN_OVER)
    course.ending.end("protocol", Farewell.TOO_LARGE)
    assert course.outcome == (["deleted"], Farewell.ENDED, False)


async def test_who_leaves_is_not_ended_and_decides_nothing_more() -> None:
    course = Course()
    course.ending.leave(Farewell.TAKEN_OVER)
    assert course.outcome == ([], Farewell.TAKEN_OVER, True)
    assert course.deciding.tell(SessionBegan()) == []


async def test_a_bug_ends_it_loudly(caplog: pytest.LogCaptureFixture) -> None:
    course = Course()
    with caplog.at_level(logging.ERROR):
        try:
            raise RuntimeError("a bug")
        except RuntimeError:
            course.ending.fail()
    assert course.outcome == ([], Farewell.FAILED, False)
    assert "session s_1" in caplog.text
    assert "a bug" in caplog.text


async def test_where_nobody_is_waited_for_it_ends_with_its_connection() -> None:
    course = Course(window_ms=0)
    course.ending.client_left(Farewell.UNRESPONSIVE)
    assert course.outcome == (["disconnected"], Farewell.UNRESPONSIVE, False)


async def test_a_client_is_waited_for_and_no_longer() -> None:
    course = Course()
    async with course.minded() as ending:
        ending.client_left(None)
        await course.clock.advance(999)
        ending.client_back()
        await course.clock.advance(5_000)
        assert not ending.over
        ending.client_left(None)
        await course.clock.advance(999)
        assert not ending.over
        await course.clock.advance(1)
        assert course.outcome == (["disconnected"], None, False)


async def test_a_session_becomes_only_so_old() -> None:
    course = Course(limit_ms=60_000)
    async with course.minded() as ending:
        await course.clock.advance(59_999)
        assert not ending.over
        await course.clock.advance(1)
        assert course.outcome == (["max_session"], Farewell.ENDED, False)


@pytest.mark.parametrize(
    ("kept", "outcome"),
    [(True, ([], Farewell.RESTARTING, True)), (False, (["the server restarts"], Farewell.RESTARTING, False))],
)
@pytest.mark.parametrize(("config", "waits_ms"), [(SessionConfig(), 0), (BUSY, 10_000)])
async def test_a_restart_waits_for_who_is_answered(
    kept: bool, outcome: tuple[list[str], Farewell, bool], config: SessionConfig, waits_ms: int
) -> None:
    course = Course(config, kept)
    async with course.minded() as ending:
        ending.drain(10_000)
        assert ending.over == (waits_ms == 0)
        await course.clock.advance(waits_ms)
        assert course.outcome == outcome
