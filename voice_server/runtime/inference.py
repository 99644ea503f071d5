"""The threads in which the models run: few, shared by all sessions, earliest deadline first.

The libraries release the GIL while they compute. The queue is bounded: what does not fit is refused with
OverloadedError, which the caller reports as a failure of that one piece of work. Work that has not begun when
the threads are ended fails with ModelError.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from voice_server.errors import ModelError, OverloadedError

T = TypeVar("T")
Ran = Callable[[str, float, float], None]
"""Is told of each piece of work: for which model, and how many ms it waited and ran. Called in a thread."""


@dataclass(order=True)
class _Job:
    deadline_ms: int
    number: int
    work: Callable[[], Any] = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    model: str = field(compare=False)
    alone: bool = field(compare=False)
    queued_ns: int = field(compare=False)


class ThreadWorkers:
    """Fits `ports.Workers` and `ports.Cores`. Threads start with the first job and end with `close`."""

    def __init__(self, threads: int, queue_limit: int = 256) -> None:
        self._count = threads
        self._limit = queue_limit
        self._ran: Ran | None = None
        self._jobs: list[_Job] = []
        self._numbers = 0
        self._closed = False
        self._alone = False
        self._demanding = 0
        self._running = 0
        self._claims: dict[object, int] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    async def run(self, work: Callable[[], T], *, deadline_ms: int, model: str, alone: bool = False) -> T:
        """Run `work` in one of the threads."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = self._enqueue(work, future, deadline_ms, model, alone)
        self._demanding += alone
        try:
            return await future
        finally:
            if alone:
                with self._changed:
                    self._demanding -= 1
                    self._wake()
            self._withdraw(job)

    @property
    def crowded(self) -> bool:
        """Whether work runs or waits that needs every core."""
        return self._demanding > 0

    @property
    def busy(self) -> bool:
        """Whether any work runs or waits."""
        return self._running + len(self._jobs) > 0

    @property
    def claims(self) -> tuple[object, ...]:
        """Who has claimed the cores."""
        return tuple(self._claims)

    @property
    def claimed(self) -> bool:
        """Whether somebody has."""
        return bool(self._claims)

    def claim(self, who: object, deadline_ms: int) -> None:
        """Until `who` releases it, begin nothing that is needed later than this."""
        with self._changed:
            self._claims[who] = deadline_ms

    def release(self, who: object) -> None:
        """Go on as usual, if it had been claimed. From any thread."""
        with self._changed:
            self._claims.pop(who, None)
            self._changed.notify_all()
            self._wake()

    async def calm(self, *, unclaimed: bool = False) -> None:
        """Return when they are not crowded, nor claimed, if that matters."""
        while waiter := self._awaited(unclaimed):
            await waiter

    def _awaited(self, unclaimed: bool) -> asyncio.Future[None] | None:
        with self._changed:
            if not self.crowded and not (unclaimed and self.claimed):
                return None
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            return waiter

    def _wake(self) -> None:
        """Let who waits for calm look again."""
        for waiter in self._waiters:
            _resolve(waiter, None, None)
        self._waiters.clear()

    def report_to(self, ran: Ran) -> None:
        """Tell this of each piece of work from now on."""
        self._ran = ran

    def close(self) -> None:
        """Refuse what comes and what waits, finish what runs, end the threads."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                _resolve(job.future, None, _shut_down(job.model))
            self._jobs.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    @property
    def waiting(self) -> int:
        """Jobs that have not begun."""
        return len(self._jobs)

    def _enqueue(
        self, work: Callable[[], T], future: asyncio.Future[T], deadline_ms: int, model: str, alone: bool
    ) -> _Job:
        with self._changed:
            if self._closed:
                raise _shut_down(model)
            if len(self._jobs) >= self._limit:
                raise OverloadedError(f"{model}: {len(self._jobs)} pieces of work are waiting already")
            self._numbers += 1
            job = _Job(deadline_ms, self._numbers, work, future, model, alone, time.perf_counter_ns())
            heapq.heappush(self._jobs, job)
            self._start_threads()
            self._changed.notify()
        return job

    def _withdraw(self, job: _Job) -> None:
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                heapq.heapify(self._jobs)

    def _start_threads(self) -> None:
        while len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, name=f"model-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while job := self._next():
            began_ns = time.perf_counter_ns()
            try:
                result, error = job.work(), None
            except Exception as raised:  # whatever it is, it belongs to the caller
                result, error = None, raised
            self._done(job)
            _resolve(job.future, result, error)
            self._tell(job, began_ns)

    def _tell(self, job: _Job, began_ns: int) -> None:
        if self._ran:
            waited_ns, ran_ns = began_ns - job.queued_ns, time.perf_counter_ns() - began_ns
            self._ran(job.model, waited_ns / 1e6, ran_ns / 1e6)

    def _next(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._may_begin)
            job = heapq.heappop(self._jobs) if self._jobs else None
            self._alone = bool(job and job.alone)
            self._running += job is not None
            return job

    @property
    def _may_begin(self) -> bool:
        if not self._jobs or self._alone:
            return False
        return not self._claims or self._jobs[0].deadline_ms <= min(self._claims.values())

    def _done(self, job: _Job) -> None:
        with self._changed:
            self._running -= 1
            if job.alone:
                self._alone = False
                self._changed.notify_all()


def _shut_down(model: str) -> ModelError:
    return ModelError(f"{model}: the threads for the models were shut down")


def _resolve(future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    """From any thread."""

    def resolve() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    loop = future.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(resolve)
