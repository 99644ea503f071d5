"""Everything that a caller can get wrong has a name, and nobody else notices."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from aiortc import RTCPeerConnection

from tests.transports.house import House, open_house
from tests.transports.listening import until
from tests.transports.webrtc.phone import Phone, phone

pytestmark = pytest.mark.asyncio(loop_scope="module")

SDP = {"Content-Type": "application/sdp"}
KIB = 2**10
ANSWERED_OR_REFUSED = {(201, None), (400, "bad_sdp"), (400, "no_audio"), (400, "no_data_channel")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    rules = {"start_timeout_ms": 2_000, "resume_window_ms": 0}
    many = {"max_sessions": 300}
    async with open_house(webrtc={"offers_per_minute": 60_000}, session=rules, server=many) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bystander(house: House) -> AsyncIterator[Phone]:
    """Somebody who is in a call all the while."""
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        yield caller


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nobody_else_notices(house: House, bystander: Phone) -> AsyncIterator[None]:
    yield
    bystander.send({"type": "ping", "t": 7.5})
    assert (await bystander.next("pong"))["t"] == 7.5
    await until(lambda: len(house.sessions) == 1)
    assert house.complaints == []


async def offered(house: House, body: str | bytes, headers: dict[str, str] = SDP) -> tuple[int, str | None]:
    """POST this: the status, and the code of the error."""
    async with httpx.AsyncClient(trust_env=False) as http:
        url = house.url.replace("ws://", "http://") + "/calls"
        response = await http.post(url, content=body, headers=headers)
    if response.status_code == 201:
        return 201, None
    error = response.json()["error"]
    assert error["message"]
    return response.status_code, error["code"]


async def an_offer(*, audio: bool = True, channel: bool = True, video: bool = False) -> str:
    """A valid offer of these."""
    connection = RTCPeerConnection()
    if audio:
        connection.addTransceiver("audio")
    if video:
        connection.addTransceiver("video")
    if channel:
        connection.createDataChannel("voice.v1")
    await connection.setLocalDescription(await connection.createOffer())
    sdp = connection.localDescription.sdp
    await connection.close()
    return sdp


@pytest.mark.parametrize(
    "body",
    ["", "hello", "v=0", "v=0\r\n", "\0" * 100, b"\xff\xfe", "m=audio", "v=0\r\nm=audio 9 X\r\n", "a=" * 999],
)
async def test_what_is_no_offer_is_refused(house: House, body: str | bytes) -> None:
    assert await offered(house, body) == (400, "bad_sdp")


async def test_an_offer_of_no_audio_or_no_opus_or_no_channel(house: House) -> None:
    assert await offered(house, await an_offer(audio=False)) == (400, "no_audio")
    assert await offered(house, await an_offer(audio=False, video=True)) == (400, "no_audio")
    without_opus = (await an_offer()).replace("opus/48000", "speex/16000")
    assert await offered(house, without_opus) == (400, "no_audio")
    assert await offered(house, await an_offer(channel=False)) == (400, "no_data_channel")


async def test_video_is_not_taken(house: House) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        url = house.url.replace("ws://", "http://") + "/calls"
        answer = (await http.post(url, content=await an_offer(video=True), headers=SDP)).text
    video = answer[answer.index("m=video") :]
    assert "a=inactive" in video[: video.index("m=application")]


async def test_an_offer_that_lacks_any_line_is_answered_or_refused_by_name(house: House) -> None:
    lines = (await an_offer()).splitlines(keepends=True)
    for missing in range(len(lines)):
        body = "".join(lines[:missing] + lines[missing + 1 :])
        assert await offered(house, body) in ANSWERED_OR_REFUSED, lines[missing]


async def test_an_offer_that_ends_anywhere_is_answered_or_refused_by_name(house: House) -> None:
    body = await an_offer()
    for end in range(0, len(body), 97):
        assert await offered(house, body[:end]) in ANSWERED_OR_REFUSED, body[max(0, end - 80) : end]


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json"])
async def test_another_type_of_body(house: House, content_type: str) -> None:
    assert await offered(house, await an_offer(), {"Content-Type": content_type}) == (415, "wrong_type")


async def test_an_offer_that_is_too_long(house: House) -> None:
    assert await offered(house, await an_offer() + "a=x:" + "x" * 64 * KIB) == (413, "too_large")


async def test_a_call_that_is_not_there(house: House) -> None:
    url = house.url.replace("ws://", "http://") + "/calls/rtc_1"
    async with httpx.AsyncClient(trust_env=False) as http:
        for response in (await http.delete(url), await http.patch(url, content="", headers=SDP)):
            assert (response.status_code, response.json()["error"]["code"]) == (404, "no_call")


async def test_a_new_offer_that_is_none_leaves_the_call_as_it_was(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        async with httpx.AsyncClient(trust_env=False) as http:
            response = await http.patch(caller.location, content="hello", headers=SDP)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_sdp")
        assert (await caller.answered("Hello."))["status"] == "completed"


async def test_a_key_is_needed_where_the_server_has_one() -> None:
    door = {"keys": ["right"]}
    async with open_house(server=door) as house, phone(house.url) as caller, phone(house.url) as stranger:
        refused = await stranger.dial(key="wrong")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorised")
        assert (await caller.dial(key="right")).status_code == 201
        assert await caller.hang_up() == 401, "that needs the key too"
        await caller.start()


async def test_fifty_offers_a_second_from_one_address_are_told_to_wait() -> None:
    rules = {"start_timeout_ms": 300}
    async with open_house(webrtc={"offers_per_minute": 1}, session=rules) as house:
        async with httpx.AsyncClient(trust_env=False) as http:
            url, body = house.url.replace("ws://", "http://") + "/calls", await an_offer()
            responses = [await http.post(url, content=body, headers=SDP) for _ in range(50)]
        refused = [response for response in responses if response.status_code == 429]
        assert len(refused) == 40, "ten may come at once"
        assert refused[0].json()["error"]["code"] == "too_many_offers"
        assert int(refused[0].headers["retry-after"]) >= 1
        await until(lambda: not house.calls)


# ── on the channel ──


async def test_a_call_that_begins_wrongly_is_told_why_and_ended(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        caller.send("{")
        assert (await caller.next("error"))["code"] == "bad_json"
        assert (await caller.next("closing"))["code"] == 4400


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("hello", "bad_json"),
        ('{"type": "user.txt"}', "unknown_type"),
        (b"\0" * 640, "bad_audio"),
        (json.dumps({"type": "user.text", "text": "x" * 8_001}), "bad_field"),
    ],
)
async def test_a_wrong_message_is_named_and_changes_nothing(
    house: House, frame: str | bytes, code: str
) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.send(frame)
        error = await caller.next("error")
        assert (error["code"], error["fatal"]) == (code, False)
        assert (await caller.answered("Hello."))["status"] == "completed"


async def test_a_message_that_is_larger_than_any_ends_the_call(house: House) -> None:
    async with phone(house.url) as caller:
        await caller.dial()
        await caller.start()
        caller.send(json.dumps({"type": "user.text", "text": "x" * 64 * KIB}))
        error = await caller.next("error")
        assert (error["code"], error["fatal"]) == ("too_large", True)
        assert (await caller.next("closing"))["code"] == 4413


async def test_a_channel_with_another_name_is_no_way_in(house: House) -> None:
    async with phone(house.url, label="chat") as caller:
        await caller.dial()
        caller.send({"type": "session.start"})
        with pytest.raises(ConnectionError):
            await caller.next("session.started")
