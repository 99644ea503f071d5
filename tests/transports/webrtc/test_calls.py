"""Calls over WebRTC, from the offer to the end, with models by script."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace

import httpx
import numpy as np
import pytest
import pytest_asyncio

from tests.transports.caller import call
from tests.transports.house import House, open_house, scripted_models
from tests.transports.listening import until
from tests.transports.webrtc.phone import Phone, phone, without_candidates
from tests.transports.webrtc.relay import Address, Relay, Weather, relay
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, in_turn
from voice_server.audio.pcm import Pcm
from voice_server.ports import Models
from voice_server.transports.webrtc.ice import IceOptions
from voice_server.transports.webrtc.opus import FRAME_SAMPLES

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNHURRIED = {"offers_per_minute": 60_000}
BRIEF = {"resume_window_ms": 0}
LONG_ANSWER = "This answer is long, so that somebody has the time to interrupt it before it ends."

INSIDE, PUBLIC = "127.0.0.1", "127.0.0.2"
LONGEST_SILENCE_BYTES = 60
"""A packet of silence, its headers and its tag."""


def voice(ms: int) -> Pcm:
    """What the scripted ears take for speech."""
    return (8_000 * np.sin(2 * np.pi * 200 * np.arange(ms * 16) / 16_000)).astype(np.int16)


def long_winded() -> Models:
    """Answers take two seconds."""
    return replace(scripted_models(), language_model=ScriptedLanguageModel(in_turn(LONG_ANSWER)))


def _calls(house: House) -> str:
    return house.url.replace("ws://", "http://") + "/calls"


async def _offers(caller: Phone) -> httpx.Response:
    """Offer, and do no more."""
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"Content-Type": "application/sdp"}
        return await http.post(caller.url, content=await caller.offer(), headers=headers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    async with open_house(webrtc=UNHURRIED, session=BRIEF) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_is_left(house: House) -> AsyncIterator[None]:
    yield
    await until(lambda: not house.sessions)
    assert house.complaints == []


async def test_a_typed_turn_is_answered_in_messages_and_in_sound(house: House) -> None:
    async with phone(house.url) as caller:
        response = await caller.dial()
        assert response.headers["content-type"] == "application/sdp"
        assert re.fullmatch(r"/v1/voice/calls/rtc_[\w-]{24}", response.headers["location"])
        started = await caller.start()
        audio = started["config"]["audio"]
        assert (audio["input_rate"], audio["output_rate"]) == (48_000, 48_000)
        done = await caller.answered("Hello.")
        assert (done["status"], done["heard"]) == ("completed", "All right, I am on it.")
        assert 15 <= caller.sounded <= 40, "0.4 s of tones: some 20 frames of 20 ms"


async def test_a_spoken_turn_is_heard_and_answered(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.microphone.say(voice(600))
        assert (await caller.next("transcript.final"))["text"] == "Hello."
        assert (await caller.next("response.done"))["status"] == "completed"


async def test_an_offer_without_candidates_is_enough(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial(offer=without_candidates)
        await caller.start()
        assert (await caller.answered("Hello."))["status"] == "completed"


async def test_a_barge_in_empties_the_outgoing_track() -> None:
    lead = {"lead_ms": 900}
    async with open_house(long_winded(), webrtc=UNHURRIED, audio=lead) as house, phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.send({"type": "user.text", "text": "Hello."})
        await caller.hears()
        caller.microphone.say(voice(600))
        stop = await caller.next("response.stop")
        assert stop["reason"] == "barge_in"
        at_stop = caller.sounded
        done = await caller.next("response.done")
        assert done["status"] == "interrupted"
        assert 0 < len(done["heard"]) < len(done["text"])
        assert caller.sounded - at_stop <= 12, "what was on its way, and not the 45 frames of the lead"


class Overhearing(Relay):
    """Notes the RTP time stamps of the server's packets that are more than silence."""

    def __init__(self) -> None:
        super().__init__(Weather(), seed=1)
        self.loud: list[int] = []

    def _from_server(self, data: bytes, address: Address) -> None:
        is_rtp = data[0] >> 6 == 2 and data[1] & 0x7F not in range(64, 96)  # RFC 5761, section 4
        if is_rtp and len(data) > LONGEST_SILENCE_BYTES:
            self.loud.append(int.from_bytes(data[4:8], "big"))
        super()._from_server(data, address)


async def test_a_client_is_told_which_time_stamp_is_which_moment_of_a_response(house: House) -> None:
    with closing(Overhearing()) as line:
        async with phone(house.url) as caller:
            await caller.dial(offer=without_candidates, answer=line)
            await caller.start()
            caller.send({"type": "user.text", "text": "Hello."})
            begins = await caller.next("sound")
            assert (begins["response"], begins["played_ms"]) == (1, 0)
            assert "seq" not in begins
            silence = await caller.next("sound")
            assert silence.keys() == {"type", "rtp"}
            assert begins["rtp"] == line.loud[0]
            assert (silence["rtp"] - begins["rtp"]) % 2**32 in range(FRAME_SAMPLES, 25 * FRAME_SAMPLES)


async def test_the_clients_own_reports_are_believed_before_the_estimate() -> None:
    async with open_house(long_winded(), webrtc=UNHURRIED) as house, phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.send({"type": "user.text", "text": "Hello."})
        await caller.hears()
        caller.send({"type": "playback", "response": 1, "played_ms": 0})
        caller.send({"type": "interrupt"})
        assert (await caller.next("response.done"))["heard"] == ""


# ── the end ──


async def test_hanging_up_ends_the_session_with_a_last_message(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        assert await caller.hang_up() == 204
        assert (await caller.next("session.ended"))["reason"] == "hung_up"
        closing = await caller.next("closing")
        assert (closing["code"], closing["reason"]) == (1000, "the session ended")
        await until(lambda: not house.sessions)
        assert await caller.hang_up() == 404


async def test_a_call_can_be_hung_up_before_it_has_a_session(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        assert await caller.hang_up() == 204
        with pytest.raises(ConnectionError):
            await caller.next("session.started")


async def test_a_client_that_goes_away_ends_its_session(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        assert len(house.sessions) == 1
        caller.send({"type": "user.text", "text": "Hello."})
        await caller.hears()


async def test_a_polite_end(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.send({"type": "session.end"})
        assert (await caller.next("closing"))["code"] == 1000


async def test_a_server_that_ends_tells_its_callers() -> None:
    async with open_house(webrtc=UNHURRIED) as house, phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        house.server.should_exit = True
        assert (await caller.next("closing"))["code"] == 1012


async def test_a_call_that_says_nothing_is_ended() -> None:
    rules = {"start_timeout_ms": 300}
    async with open_house(webrtc=UNHURRIED, session=rules) as house, phone(house.url) as caller:
        await caller.dial()
        error = await caller.next("error")
        assert (error["code"], error["message"]) == ("bad_message", "no session.start came within 0.3 s")
        assert (await caller.next("closing"))["code"] == 4400


async def test_a_client_that_offers_and_never_comes_takes_no_place_for_long() -> None:
    rules = {"start_timeout_ms": 2_000}
    async with open_house(webrtc=UNHURRIED, session=rules, server={"max_sessions": 1}) as house:
        ghost, caller = Phone(_calls(house)), Phone(_calls(house))
        try:
            assert (await _offers(ghost)).status_code == 201
            refused = await _offers(caller)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert refused.json()["error"]["code"] == "busy"
            await until(lambda: not house.calls)
            assert (await _offers(caller)).status_code == 201
        finally:
            await ghost.leave()
            await caller.leave()


# ── the way there ──


async def test_media_come_in_on_the_ports_and_the_address_that_were_set() -> None:
    there = {**UNHURRIED, "ports": "47300-47303", "announced_address": "203.0.113.7"}
    async with open_house(webrtc=there) as house, phone(house.url) as caller:
        sdp = (await _offers(caller)).text
        told = re.findall(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", sdp)
        assert {address for address, _ in told} == {"203.0.113.7"}
        assert {int(port) for _, port in told} <= set(range(47_300, 47_304))


class Nat(Relay):
    """Passes on what comes to a public address, on the same port: as Docker does with published ports."""

    async def answer(self, sdp: str) -> str:
        told = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sdp)
        assert {address for address, _ in told} == {PUBLIC}
        self._server = INSIDE, int(told[0][1])
        await self.open(PUBLIC, self._server[1])
        return sdp


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere loopback has one address")
async def test_a_call_comes_in_from_the_announced_address() -> None:
    there = {**UNHURRIED, "addresses": [INSIDE], "ports": "47300-47303", "announced_address": PUBLIC}
    async with open_house(webrtc=there) as house:
        with closing(Nat(Weather(), seed=1)) as nat:
            caller = Phone(_calls(house), ice=IceOptions(addresses=(INSIDE,)))
            try:
                await caller.dial(offer=without_candidates, answer=nat)
                await caller.start()
                assert (await caller.answered("Hello."))["status"] == "completed"
                assert nat.carried > 20, "nothing went another way"
                await until(lambda: caller.sounded >= 15)
            finally:
                await caller.leave()


async def test_when_all_ports_are_taken_the_server_is_busy() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        there = {**UNHURRIED, "ports": f"{port}-{port}", "addresses": ["127.0.0.1"]}
        async with open_house(webrtc=there) as house, phone(house.url) as caller:
            refused = await _offers(caller)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "busy")
            assert not house.calls
            house.complaints.clear()  # it says so in the log


async def test_after_an_ice_restart_the_call_goes_on_another_way(house: House) -> None:
    async with relay(Weather()) as first, relay(Weather()) as second, phone(house.url) as caller:
        await caller.dial(offer=without_candidates, answer=first)
        await caller.start()
        first.weather.cut = True
        await caller.restart(offer=without_candidates, answer=second)
        assert (await caller.answered("Hello."))["status"] == "completed"
        assert second.carried > 20
        # aiortc's receiver held the sound up: after the gap of the cut its buffer filled anew, 16 packets
        await until(lambda: caller.sounded >= 20)


async def test_an_offer_that_changes_nothing_is_answered_too(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        async with httpx.AsyncClient(trust_env=False) as http:
            headers = {"Content-Type": "application/sdp"}
            response = await http.patch(caller.location, content=await caller.offer(), headers=headers)
        assert response.status_code == 200
        assert (await caller.answered("Hello."))["status"] == "completed"


async def test_a_lost_call_is_taken_up_by_another() -> None:
    async with open_house(webrtc=UNHURRIED) as house:
        async with phone(house.url) as lost:
            await lost.dial()
            started = await lost.start()
            await lost.answered("Hello.")
        async with phone(house.url) as again:
            await again.dial()
            session = {key: started[key] for key in ("session", "token")}
            again.send({"type": "session.resume", **session, "last_seq": started["seq"]})
            assert (await again.next("session.resumed"))["session"] == started["session"]
            assert (await again.next("response.done"))["response"] == 1, "what was missed"
            assert (await again.answered("And now?"))["response"] == 2
            assert again.sounded > 10


async def test_a_session_begun_over_a_web_socket_goes_on_in_a_call() -> None:
    async with open_house(webrtc=UNHURRIED) as house:
        async with call(house.url) as caller:
            started = await caller.start(audio={"output_rate": 16_000})
            caller.vanish()
        async with phone(house.url) as again:
            await again.dial()
            session = {key: started[key] for key in ("session", "token")}
            again.send({"type": "session.resume", **session, "last_seq": started["seq"]})
            await again.next("session.resumed")
            again.microphone.say(voice(600))
            assert (await again.next("transcript.final"))["text"] == "Hello."
            await again.next("response.done")
            assert 15 <= again.sounded <= 40
