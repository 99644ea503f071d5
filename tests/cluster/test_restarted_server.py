"""One server with its file of sessions: killed in mid-sentence and started again, it says the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.test_killed_servers import lost_nothing
from voice_server.bench.cluster import Cluster, Member
from voice_server.bench.processes import free_ports
from voice_server.bench.resume import GREETING, run_cycle

pytestmark = [pytest.mark.models, pytest.mark.asyncio]


async def kill_and_start(alone: Cluster) -> None:
    (member,) = alone.members
    await member.kill()
    await member.start()


async def test_the_sentence_goes_on_after_kill_9_and_a_restart(tmp_path: Path) -> None:
    settings = tmp_path / "server.toml"
    settings.write_text(f'[store]\nkind = "sqlite"\npath = "{tmp_path / "sessions.db"}"\n')
    (port,) = free_ports(1)
    member = Member(port, settings)
    try:
        await member.start()
        trial = await run_cycle(Cluster([member], port, 0, 0), kill_and_start)
    finally:
        await member.stop()
    log = trial.recording.log
    assert len(log.received("session.resumed")) == 1, "it was lost, and came back to the same session"
    (done,) = [entry.message for entry in log.received("response.done")]
    assert (done["status"], done["heard"]) == ("completed", GREETING)
    lost_nothing(trial)
