"""One session at work: its parts are made here, and its tasks run; the core decides what they do.

The session's tasks are all in its one TaskGroup: the ear, the core's alarm clock, the end of its time, the
keeper, and for each response one task that generates and one that synthesises.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from functools import partial

from voice_server.core import commands, events
from voice_server.core.conversation import Message
from voice_server.core.policy import SessionConfig
from voice_server.core.revival import Revival
from voice_server.core.trace import Decision
from voice_server.observers import Observer
from voice_server.ports import Clock, Farewell, Link, Models, Opened
from voice_server.runtime.attendance import Attendance
from voice_server.runtime.backlog import Backlog
from voice_server.runtime.connection import Connection, Patience
from voice_server.runtime.deciding import Deciding
from voice_server.runtime.ear import Ear
from voice_server.runtime.ending import Ending
from voice_server.runtime.inbound import Inbound, Said
from voice_server.runtime.keeping import Keeper, Keeping
from voice_server.runtime.lifetime import Lifetime
from voice_server.runtime.options import Returning, RuntimeOptions
from voice_server.runtime.orders import Orders
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.past import Past
from voice_server.runtime.peer_clock import RoundTrip
from voice_server.runtime.reception import Reception
from voice_server.runtime.session_clock import SessionClock
from voice_server.runtime.tokens import Tokens, hashed


class SessionRunner:
    """Runs one session: `live` is its life, `serve` one connection, `run` both where there is only one."""

    def __init__(
        self,
        opened: Opened,
        models: Models,
        clock: Clock,
        options: RuntimeOptions,
        observer: Observer | None = None,
        keeping: Keeping | None = None,
        past: Past | None = None,
    ) -> None:
        self._opened = opened
        self._past = past
        self._running: set[asyncio.Task[None]] = set()
        begun = past.revival if past else Revival(opened.config, options.policy)
        self._clock = SessionClock(clock, clock.now_ms() - begun.now_ms)
        self.watch = (observer or Observer()).opened(opened, self._clock.now_ms)
        """Who looks on."""
        models = self.watch.watched(models)
        self.voices = models.synthesizer.voices
        """Those that the session may be configured to."""
        self._deciding = Deciding(begun.session, self._clock, self._decided, self._carry_out)
        lifetime = Lifetime(options.resume_window_ms, options.max_session_ms)
        self._ending = Ending(opened.session, self._deciding, self._clock, lifetime, kept=bool(keeping))
        backlog = past.backlog() if past else Backlog()
        self.keeper = self._kept(keeping, backlog) if keeping else None
        self._ear = Ear(models, options.hearing, opened.config.input_rate_hz)
        played, rate_hz = self._deciding.played_samples, opened.config.output_rate_hz
        self._outbox = Outbox(self._clock, played, options.lead_ms, rate_hz, backlog, self.keeper)
        self._orders = Orders(models, clock, self._deciding, self._ear.sound, self._outbox, self._begin)
        self._speeches = self._orders.speeches
        self._reception = Reception(self._ear, self._outbox, self._speeches, self._deciding, self._ending)
        patience = Patience(options.heartbeat_ms, options.stall_limit_ms)
        connect = partial(
            Connection, watch=self.watch, outbox=self._outbox, clock=self._clock, patience=patience
        )
        self._attendance = Attendance(opened, self._outbox, self._reception, self._ending, connect)

    # ── what others may look at ──

    @property
    def id(self) -> str:
        """The session's id."""
        return self._opened.session

    @property
    def config(self) -> SessionConfig:
        """The session's configuration now."""
        return self._deciding.config()

    @property
    def conversation(self) -> tuple[Message, ...]:
        """What was said so far."""
        return self._deciding.session.conversation.entries

    @property
    def heard_ms(self) -> int:
        """The input clock: sound that has come in."""
        return self._ear.heard_ms

    @property
    def tokens(self) -> Tokens:
        """Those that its client may come back with."""
        return self._attendance.tokens

    @property
    def attended(self) -> bool:
        """Whether its client is there."""
        return self._attendance.present

    @property
    def round_trip(self) -> RoundTrip | None:
        """How far its client is, and what its clock shows; None where nobody is there or has answered."""
        return self._attendance.round_trip

    @property
    def over(self) -> bool:
        """Whether it has ended, so that nobody can come back to it."""
        return self._ending.over

    def can_go_back(self, seq: int) -> bool:
        """Whether a client that has seen the messages up to `seq` can be sent all the others."""
        return self._outbox.backlog.can_go_back(seq)

    def buffered_bytes(self, where: str) -> int:
        """What waits: `in`, sound to be heard; `out`, audio to be sent; `kept`, messages not acknowledged."""
        if where == "in":
            return self._ear.waiting_bytes
        return self._speeches.unsent_bytes if where == "out" else self._outbox.backlog.bytes

    # ── the session's life ──

    async def run(self, link: Link, inbound: AsyncIterator[Inbound]) -> None:
        """The whole of a session that has one connection."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.live())
            await self.serve(link, inbound)

    async def live(self) -> None:
        """From the first greeting until the session is over and its last client hung up on."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._set_out()
                self._attendance.open.set()
                await self._deciding.over.wait()
                for task in self._running:
                    task.cancel()
        except* Exception:
            self._ending.fail()
        finally:
            self._deciding.over.set()
            self._attendance.open.set()
        await self._attendance.hang_up()
        await self._leave_the_store()
        self.watch.closed(self._ending.farewell)

    def _set_out(self) -> None:
        for work in (
            self._ear.listen(self._deciding.tell),
            self._deciding.keep_time(),
            self._ending.mind_the_time(),
        ):
            self._begin(work)
        if self.keeper:
            self._begin(self.keeper.keep())
        if self._past:
            return self._take_up(self._past)
        self._outbox.put(self._opened)
        self._deciding.tell(events.SessionBegan())

    def _take_up(self, past: Past) -> None:
        """Go on where another server was lost: what it had begun is finished, its client is awaited."""
        tell = self._deciding.tell
        self._ending.client_left(None)
        self._ear.go_on_from(self._deciding.session.heard_ms(self._clock.now_ms()))
        for making in past.revival.making.values():
            self._speeches.take_up(making, bytes(past.recalled.sound.get(making.response, b"")))
            tell(events.Disconnected(making.response, making.total_samples))
        if not past.revival.making:
            tell(events.Disconnected())
        for lost in past.revival.lost:
            tell(lost)
        tell(events.SoundEnded(self._ear.heard_ms))

    def _kept(self, keeping: Keeping, backlog: Backlog) -> Keeper:
        policy = self._deciding.session.policy
        keeper = Keeper(keeping, self._opened, policy, self._clock, backlog)
        keeper.stolen = lambda: self._ending.leave(Farewell.TAKEN_OVER)
        keeper.given(hashed(self._opened.token))
        if self._past:
            keeper.resume(self._past)
        return keeper

    async def _leave_the_store(self) -> None:
        if self.keeper and not self._ending.stays:
            await self.keeper.forget()
        elif self.keeper and self._ending.farewell is Farewell.RESTARTING:
            await self.keeper.write()

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _decided(self, decision: Decision) -> None:
        self.watch.decided(decision)
        if self.keeper:
            self.keeper.decided(decision)

    def _carry_out(self, decided: list[commands.Command]) -> None:
        for command in decided:
            if isinstance(command, commands.Order):
                self._orders.carry_out(command)
            else:
                self._outbox.put(command)
        self._ending.decided()
        self._outbox.wake()

    # ── what others may do ──

    async def ready(self) -> None:
        """Return when its life has begun."""
        await self._attendance.open.wait()

    async def serve(
        self, link: Link, inbound: AsyncIterator[Inbound], returning: Returning | None = None
    ) -> None:
        """One connection, until it is lost, given up or taken over, or the session is over."""
        await self._attendance.serve(link, inbound, returning)

    async def take(self, item: Said) -> None:
        """What the client says, or somebody else on its behalf."""
        await self._reception.take(item)

    def end(self, reason: str, farewell: Farewell | None) -> None:
        """End the session from outside: the server goes, or somebody asked for it."""
        self._ending.end(reason, farewell)

    def leave(self, farewell: Farewell) -> None:
        """The session goes on elsewhere, or later: it is not ended, only not here any more."""
        self._ending.leave(farewell)

    def drain(self, within_ms: int) -> None:
        """The server goes: what is being said may be finished, within this time."""
        self._ending.drain(within_ms)
