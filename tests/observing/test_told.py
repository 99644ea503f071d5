"""A client knows whether it is captured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.observing.captured import trace_in
from tests.transports.caller import call
from tests.transports.house import open_house
from voice_server.observing.trace_file import read_trace


@pytest.mark.parametrize(
    ("capture", "asks", "told"),
    [
        ({}, False, False),
        ({}, True, False),
        ({"sessions": "all"}, False, True),
        ({"sessions": "asked"}, False, False),
        ({"sessions": "asked"}, True, True),
    ],
)
async def test_the_client_is_told(tmp_path: Path, capture: dict[str, Any], asks: bool, told: bool) -> None:
    settings = {**capture, "dir": tmp_path / "traces"} if capture else {}
    async with open_house(capture=settings) as house, call(house.url) as caller:
        await caller.send({"type": "session.start", "capture": asks})
        assert (await caller.next("session.started"))["capture"] is told
    assert (tmp_path / "traces").is_dir() is told


async def test_what_goes_over_a_real_connection_is_captured(tmp_path: Path) -> None:
    async with open_house(capture={"dir": tmp_path}) as house:
        async with call(house.url) as caller:
            await caller.start()
            await caller.answered("Hello?")
            await caller.send("{no json")
            await caller.next("error")
            await caller.send({"type": "session.end"})
            await caller.next("session.ended")
        await house.sessions.emptied()
    trace = read_trace(trace_in(tmp_path))
    received = [record.get("message", {}).get("type") or record.get("text") for record in trace.of("in")]
    assert received == ["user.text", "{no json", "session.end"]
    sent = [record["message"]["type"] for record in trace.of("out") if "message" in record]
    assert sent[0] == "session.started"
    assert sent[-1] == "session.ended"
    assert trace.sound("out") == b"".join(frame[12:] for frame in caller.audio)
    assert trace.notes == []
