"""Whoever ends a benchmark with SIGTERM ends the server that it has started, too."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.client.test_local_server import READY_AT_THE_SECOND_QUESTION, alive
from voice_server.cli.termination import ended_by_sigterm

COMMAND = """
import asyncio, sys
from voice_server.cli.bench_screen import finished
from voice_server.client.local_server import local_server

async def work():
    async with local_server([sys.executable, "-c", sys.argv[1]]) as server:
        print(server.pid, flush=True)
        await asyncio.Event().wait()

finished(work, asyncio.run)
"""


async def test_the_server_is_ended_with_the_command() -> None:
    checkout = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, READY_AT_THE_SECOND_QUESTION, cwd=checkout,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout
    server = int(await process.stdout.readline())
    assert alive(server)
    process.terminate()
    assert await process.wait() != -signal.SIGTERM, "it had no time to end anything"
    assert not alive(server)


def test_the_work_ends_as_at_ctrl_c() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            ended.append("properly")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(ended_by_sigterm(work()))
    assert ended == ["properly"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_whoever_cancels_it_cancels_it() -> None:
    async def cancel_itself() -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ended_by_sigterm(cancel_itself()))


def test_without_a_signal_its_result_is_the_result() -> None:
    assert asyncio.run(ended_by_sigterm(asyncio.sleep(0, 5))) == 5
