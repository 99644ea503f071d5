"""Where nothing else gets through, a TURN server relays the call."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from tests.transports.house import open_house
from tests.transports.webrtc.phone import Phone
from tests.transports.webrtc.turn_process import PASSWORD, USER, turn_process
from voice_server.transports.webrtc.ice import IceOptions

CANDIDATE = re.compile(r"^a=candidate:.*\r\n", re.MULTILINE)
NOWHERE = "9"  # the port of `discard`
LOOPBACK = IceOptions(addresses=("127.0.0.1",))


def unreachable(sdp: str) -> str:
    """The client is at its address, but on no port that the server is told: as behind a strict NAT."""
    return re.sub(r"(udp \d+ 127\.0\.0\.1) \d+ (typ host)", rf"\1 {NOWHERE} \2", sdp)


class OnlyRelayed:
    """Fits `phone.Between`: the client learns of the relay only."""

    async def answer(self, sdp: str) -> str:
        self.kinds = [line.split()[7] for line in CANDIDATE.findall(sdp)]
        return CANDIDATE.sub(lambda line: line[0] if " typ relay" in line[0] else "", sdp)


@pytest_asyncio.fixture
async def turn_port(tmp_path: Path) -> AsyncIterator[int]:
    async with turn_process(tmp_path) as port:
        yield port


def through(port: int, transport: str, password: str = PASSWORD) -> dict[str, Any]:
    """Settings of a server that may be reached by this TURN server."""
    url = f"turn:127.0.0.1:{port}?transport={transport}"
    return {"addresses": ["127.0.0.1"], "turn_url": url, "turn_username": USER, "turn_password": password}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_spoken_turn_is_heard_and_answered_through_a_relay(turn_port: int, transport: str) -> None:
    async with open_house(webrtc=through(turn_port, transport)) as house:
        caller, between = Phone(_offers_to(house.url), ice=LOOPBACK), OnlyRelayed()
        try:
            await caller.dial(offer=unreachable, answer=between)
            assert set(between.kinds) == {"host", "relay"}
            await caller.start()
            caller.microphone.say((8_000 * np.sin(np.arange(9_600) / 13)).astype(np.int16))
            assert (await caller.next("transcript.final"))["text"] == "Hello."
            assert (await caller.next("response.done"))["status"] == "completed"
            assert caller.sounded >= 15, "0.4 s of tones: some 20 frames of 20 ms"
        finally:
            await caller.leave()
        assert house.complaints == []


async def test_a_relay_that_refuses_takes_nothing_but_its_candidate(turn_port: int) -> None:
    async with open_house(webrtc=through(turn_port, "udp", "wrong")) as house:
        caller = Phone(_offers_to(house.url), ice=LOOPBACK)
        try:
            response = await caller.dial()
            assert " typ relay" not in response.text
            await caller.start()
            assert (await caller.answered("Hello."))["status"] == "completed"
        finally:
            await caller.leave()
        (complaint,) = house.complaints
        assert "gives no relay" in complaint.getMessage()


def _offers_to(url: str) -> str:
    return f"{url.replace('ws://', 'http://')}/calls"
