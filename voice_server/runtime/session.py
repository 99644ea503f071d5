"""One session at work: the core decides, this file does.

Everything that happens is told to the core synchronously, and the commands that come back are carried out
before anything else can happen: nothing is decided across an `await`. The session's tasks are all in its one
TaskGroup: the ear, the alarm clock, the wait for a client that is gone, and for each response one task that
generates and one that synthesises. It outlives its connections, each of which has a TaskGroup of its own
(`connection.py`) in the task of whoever brought it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine

from voice_server.core import commands, events
from voice_server.core.conversation import Message
from voice_server.core.policy import SessionConfig
from voice_server.core.session import Session
from voice_server.core.trace import Decision, WatchedSession
from voice_server.observers import Observer
from voice_server.ports import Clock, Farewell, Link, Models, Opened, Pinged, Ponged, Resumed
from voice_server.runtime.asking import Asking
from voice_server.runtime.connection import Connection, Patience
from voice_server.runtime.ear import Ear
from voice_server.runtime.inbound import Acked, Alive, Inbound, Said
from voice_server.runtime.keeping import Keeper, Keeping
from voice_server.runtime.lifetime import Lifetime, Reason
from voice_server.runtime.options import Returning, RuntimeOptions
from voice_server.runtime.orders import Orders
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.past import Past
from voice_server.runtime.peer_clock import RoundTrip
from voice_server.runtime.reception import Reception
from voice_server.runtime.speeches import Speeches
from voice_server.runtime.tokens import Tokens, hashed
from voice_server.runtime.tool_work import ToolWork
from voice_server.runtime.voicing import Voicing

logger = logging.getLogger(__name__)


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
        config = opened.config
        self._opened = opened
        self._clock = clock
        self._options = options
        self._past = past
        self._start_ms = clock.now_ms() - (past.revival.now_ms if past else 0)
        self.watch = (observer or Observer()).opened(opened, self._now_ms)
        """Who looks on."""
        models = self.watch.watched(models)
        self.tokens = Tokens(hashed(opened.token))
        session = past.revival.session if past else Session(config, options.policy)
        self._session = session
        self._core = WatchedSession(session, self._decided)
        self._ear = Ear(models, options.hearing, config.input_rate_hz)
        asking = Asking(models, clock, self._ear.sound, self._configured)
        voicing = Voicing(models, clock, self._configured)
        self.voices = voicing.voices
        """Those that the session may be configured to."""
        self._outbox = Outbox(clock, self._start_ms, self._played, options.lead_ms, config.output_rate_hz)
        if past:
            self._outbox.backlog = past.backlog()
        self.keeper = self._kept(keeping) if keeping else None
        self._speeches = Speeches(voicing, self._outbox, config.output_rate_hz, self._begin, self._tell)
        tools = ToolWork(models.tools, options.policy.tool_output_chars, self._begin, self._tell)
        self._orders = Orders(asking, voicing, self._speeches, tools, self._begin, self._tell)
        self._running: set[asyncio.Task[None]] = set()
        self._connection: Connection | None = None
        self._lifetime = Lifetime(self._start_ms, options.resume_window_ms, options.max_session_ms)
        self._reception = Reception(self._ear, self._outbox, self._speeches, self._tell, self.end)
        self._began = asyncio.Event()
        self._retimed = asyncio.Event()
        self._attendance = asyncio.Event()
        self._over = asyncio.Event()
        self._farewell: Farewell | None = Farewell.ENDED
        self._stays = False  # in the store, when it ends here

    # ── what others may look at ──

    @property
    def id(self) -> str:
        """The session's id."""
        return self._opened.session

    @property
    def config(self) -> SessionConfig:
        """The session's configuration now."""
        return self._session.config

    @property
    def conversation(self) -> tuple[Message, ...]:
        """What was said so far."""
        return self._session.conversation.entries

    @property
    def heard_ms(self) -> int:
        """The input clock: sound that has come in."""
        return self._ear.heard_ms

    @property
    def attended(self) -> bool:
        """Whether its client is there."""
        return self._connection is not None

    @property
    def round_trip(self) -> RoundTrip | None:
        """How far its client is, and what its clock shows; None where nobody is there or has answered."""
        return self._connection.peer_clock.best if self._connection else None

    @property
    def over(self) -> bool:
        """Whether it has ended, so that nobody can come back to it."""
        return self._over.is_set()

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
                for work in (self._ear.listen(self._tell), self._keep_time(), self._mind_the_time()):
                    self._begin(work)
                self._set_out()
                self._began.set()
                await self._over.wait()
                for task in self._running:
                    task.cancel()
        except* Exception:
            self._break()
        finally:
            self._over.set()
            self._began.set()
        await self._hang_up()
        await self._leave_the_store()
        self.watch.closed(self._farewell)

    def _set_out(self) -> None:
        if self.keeper:
            self._begin(self.keeper.keep())
        if self._past:
            return self._take_up(self._past)
        self._outbox.put(self._opened)
        self._tell(events.SessionBegan())

    def _take_up(self, past: Past) -> None:
        """Go on where another server was lost: what it had begun is finished, its client is awaited."""
        self._lifetime.left_ms = self._clock.now_ms()
        self._ear.go_on_from(self._session.heard_ms(self._now_ms()))
        for making in past.revival.making.values():
            self._speeches.take_up(making, bytes(past.recalled.sound.get(making.response, b"")))
            self._tell(events.Disconnected(making.response, making.total_samples))
        if not past.revival.making:
            self._tell(events.Disconnected())
        for lost in past.revival.lost:
            self._tell(lost)
        self._tell(events.SoundEnded(self._ear.heard_ms))

    def _kept(self, keeping: Keeping) -> Keeper:
        policy = self._session.policy
        keeper = Keeper(keeping, self._opened, policy, self._clock, self._outbox.backlog)
        keeper.stolen = lambda: self.leave(Farewell.TAKEN_OVER)
        keeper.given(hashed(self._opened.token))
        if self._past:
            keeper.resume(self._past)
        self._outbox.keeper = keeper
        return keeper

    async def _leave_the_store(self) -> None:
        if self.keeper and not self._stays:
            await self.keeper.forget()
        elif self.keeper and self._farewell is Farewell.RESTARTING:
            await self.keeper.write()

    async def ready(self) -> None:
        """Return when its life has begun."""
        await self._began.wait()

    def leave(self, farewell: Farewell) -> None:
        """The session goes on elsewhere, or later: it is not ended, only not here any more."""
        if not self.over:
            self._farewell, self._stays = farewell, True
            self._over.set()

    async def _hang_up(self) -> None:
        self._outbox.finish(self._farewell)
        while self._connection:
            if self._farewell in (None, Farewell.FAILED, Farewell.TAKEN_OVER):
                self._connection.part(self._farewell)
            self._connection.only_send()
            self._attendance.clear()
            await self._attendance.wait()

    def _break(self) -> None:
        logger.exception("session %s ended by a bug", self._opened.session)
        self._farewell = Farewell.FAILED
        self._over.set()

    def end(self, reason: str, farewell: Farewell | None) -> None:
        """End the session from outside: the server goes, or somebody asked for it."""
        if not self.over:
            self._farewell = farewell
            self._tell(events.SessionEnding(reason))

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    # ── its connections ──

    async def serve(
        self, link: Link, inbound: AsyncIterator[Inbound], returning: Returning | None = None
    ) -> None:
        """One connection, until it is lost, given up or taken over, or the session is over."""
        patience = Patience(self._options.heartbeat_ms, self._options.stall_limit_ms)
        connection = Connection(link, self.watch, self._outbox, self._clock, self._start_ms, patience)
        if returning:
            self._take_over(connection, returning)
        self._connection = connection
        self._attendance.set()
        try:
            await self._began.wait()
            await connection.run(self._read(connection, inbound))
        except* Exception:
            self._break()
            await link.close(Farewell.FAILED)
        finally:
            if self._connection is connection:
                self._connection = None
                self._lost(connection)
            self._attendance.set()

    def _lost(self, connection: Connection) -> None:
        """The session has no client any more."""
        if self.over:
            return
        if not self._options.resume_window_ms:
            return self.end("disconnected", connection.farewell)
        self._lifetime.left_ms = self._clock.now_ms()
        self._disconnect()

    def _disconnect(self) -> None:
        speech = self._outbox.speech
        sent = (speech.response, speech.sent_samples) if speech else ()
        self._tell(events.Disconnected(*sent))
        self._ear.break_off()

    def _take_over(self, connection: Connection, returning: Returning) -> None:
        """The client is back: here, whatever became of where it was."""
        former, self._connection = self._connection, connection
        if former:
            former.part(Farewell.TAKEN_OVER)
            self._disconnect()
        self._lifetime.left_ms = None
        self._outbox.go_back(returning.last_seq)
        response, position = self._resume(returning)
        resumed = Resumed(self.id, returning.token, returning.last_seq + 1, response, position)
        connection.greet(resumed, returning.last_seq)

    def _resume(self, returning: Returning) -> tuple[int | None, int | None]:
        """Tell the core. Returns the response that goes on, and where; none that had not begun to sound."""
        response, played_ms = returning.response or 0, returning.played_ms
        if played_ms is not None:
            played_ms = min(played_ms, self._speeches.sent_ms(response) or 0)
        before = {r: self._speeches.sent_samples(r) for r in self._speeches.ids}
        decided = self._tell(events.Reconnected(self._ear.arrived_ms, response, played_ms))
        going_on = [each for each in decided if isinstance(each, commands.Play) and before.get(each.response)]
        return (going_on[0].response, going_on[0].position) if going_on else (None, None)

    async def _mind_the_time(self) -> None:
        """End the session when its time is up."""
        while True:
            self._attendance.clear()
            end = self._lifetime.next()
            if end and (self._clock.now_ms() >= end[0] or self._may_leave(end[1])):
                return self._time_is_up(end[1])
            await self._clock.wait(self._attendance, end[0] if end else None)

    def _may_leave(self, reason: Reason) -> bool:
        """The server restarts, and nobody would be interrupted now."""
        return reason is Reason.RESTART and self._session.at_rest

    def _time_is_up(self, reason: Reason) -> None:
        if reason is Reason.RESTART and self.keeper:
            self.leave(Farewell.RESTARTING)
        elif reason is Reason.RESTART:
            self.end(reason.value, Farewell.RESTARTING)
        else:
            self.end(reason.value, Farewell.ENDED if self._connection else None)

    def drain(self, within_ms: int) -> None:
        """The server goes: what is being said may be finished, within this time."""
        self._lifetime.restart_ms = self._clock.now_ms() + within_ms
        if within_ms == 0 or self._session.at_rest:
            self._time_is_up(Reason.RESTART)
        self._attendance.set()

    # ── what comes in ──

    async def _read(self, connection: Connection, inbound: AsyncIterator[Inbound]) -> None:
        async for item in inbound:
            connection.sign_of_life()
            await self._take(connection, item)
            self.watch.handled()

    async def _take(self, connection: Connection, item: Inbound) -> None:
        match item:
            case Acked(seq):
                self._outbox.backlog.acked(seq)
                self.tokens.settle()
                if self.keeper:
                    self.keeper.settle()
            case Pinged(t):
                self._outbox.put(Ponged(t))
            case Ponged():
                connection.ponged(item)
            case Alive():
                pass  # that it came is all it says
            case _:
                await self.take(item)

    async def take(self, item: Said) -> None:
        """What the client says, or somebody else on its behalf."""
        await self._reception.take(item)

    # ── events in, commands out ──

    async def _keep_time(self) -> None:
        while True:
            self._retimed.clear()
            deadline_ms = self._session.next_deadline()
            waking_ms = None if deadline_ms is None else self._start_ms + deadline_ms
            await self._clock.wait(self._retimed, waking_ms)
            if deadline_ms is not None and self._now_ms() >= deadline_ms:
                self._carry_out(self._core.expire(self._now_ms()))

    def _now_ms(self) -> int:
        return self._clock.now_ms() - self._start_ms

    def _configured(self) -> SessionConfig:
        return self._session.config

    def _decided(self, decision: Decision) -> None:
        self.watch.decided(decision)
        if self.keeper:
            self.keeper.decided(decision)

    def _played(self, response: int) -> int:
        return self._session.played_samples(response, self._now_ms())

    def _tell(self, event: events.Event) -> list[commands.Command]:
        if self.over:
            return []
        decided = self._core.receive(event, self._now_ms())
        self._carry_out(decided)
        return decided

    def _carry_out(self, decided: list[commands.Command]) -> None:
        for command in decided:
            if isinstance(command, commands.Order):
                self._orders.carry_out(command)
            else:
                self._outbox.put(command)
            if isinstance(command, commands.SessionEnded):
                self._over.set()
        self._retimed.set()
        if self._lifetime.restart_ms is not None:
            self._attendance.set()
        self._outbox.wake()
