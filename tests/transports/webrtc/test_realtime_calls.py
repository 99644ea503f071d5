"""OpenAI Realtime over WebRTC, with the whole server; models by script. Every event is judged."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import connect

from tests.protocol.realtime.oracle import judged
from tests.transports.house import House, open_house, scripted_models
from tests.transports.listening import until
from tests.transports.webrtc.phone import Message, Phone, without_candidates
from tests.transports.webrtc.relay import Weather, relay
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, in_turn
from voice_server.audio.pcm import Pcm
from voice_server.ports import Models

UNHURRIED = {"offers_per_minute": 60_000}
SDP = {"Content-Type": "application/sdp"}
LONG = "This answer is so long that it can be spoken over, and that is what it is for, again and again."
TRANSCRIBED = {"input": {"transcription": {"model": "whisper-1"}}}


def voice(ms: int) -> Pcm:
    """What the scripted ears take for speech."""
    return (8_000 * np.sin(2 * np.pi * 200 * np.arange(ms * 16) / 16_000)).astype(np.int16)


def long_winded() -> Models:
    """Answers take two seconds."""
    return replace(scripted_models(), language_model=ScriptedLanguageModel(in_turn(LONG)))


def calls_of(house: House) -> str:
    """Where to offer."""
    return house.url.replace("ws://", "http://").replace("/voice", "/realtime/calls")


@asynccontextmanager
async def realtime_phone(house: House) -> AsyncIterator[Phone]:
    """A phone that speaks Realtime."""
    caller = Phone(calls_of(house), "oai-events", judged)
    try:
        yield caller
    finally:
        await caller.leave()


def says(text: str) -> Message:
    """An item of the user."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def ask(caller: Phone, text: str) -> None:
    """A typed turn."""
    caller.send({"type": "conversation.item.create", "item": says(text)})
    caller.send({"type": "response.create"})


async def kinds_until(caller: Phone, last: str) -> list[str]:
    """The types of all events up to this one."""
    kinds: list[str] = []
    while not kinds or kinds[-1] != last:
        kinds.append((await caller.any())["type"])
    return kinds


async def test_a_typed_turn_sounds_on_the_track_and_is_told_on_the_channel() -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        response = await caller.dial()
        assert response.headers["location"].startswith("/v1/realtime/calls/rtc_")
        assert response.headers["access-control-expose-headers"] == "Location"
        await caller.next("session.created")
        ask(caller, "Hello.")
        kinds = await kinds_until(caller, "output_audio_buffer.stopped")
        assert "response.output_audio.delta" not in kinds
        order = ("response.content_part.added", "output_audio_buffer.started", "response.output_audio.done")
        positions = [kinds.index(kind) for kind in (*order, "response.done", "output_audio_buffer.stopped")]
        assert positions == sorted(positions)
        assert 15 <= caller.sounded <= 40, "0.4 s of tones"


async def test_a_spoken_turn_is_heard_and_answered() -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        await caller.dial()
        await caller.next("session.created")
        caller.send({"type": "session.update", "session": {"type": "realtime", "audio": TRANSCRIBED}})
        await caller.next("session.updated")
        caller.microphone.say(voice(600))
        words = await caller.next("conversation.item.input_audio_transcription.completed")
        assert words["transcript"] == "Hello."
        assert (await caller.next("response.done"))["response"]["status"] == "completed"


async def test_a_barge_in_clears_the_track_and_keeps_what_was_heard() -> None:
    async with open_house(long_winded(), webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        await caller.dial()
        await caller.next("session.created")
        ask(caller, "Hello.")
        await caller.hears()
        caller.microphone.say(voice(600))
        await caller.next("input_audio_buffer.speech_started")
        done = (await caller.next("response.done"))["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
        assert (await caller.next("output_audio_buffer.cleared"))["response_id"] == done["id"]
        truncated = await caller.next("conversation.item.truncated")
        assert truncated["item_id"] == done["output"][0]["id"]
        assert truncated["audio_end_ms"] < 4_000
        assert LONG.startswith(done["output"][0]["content"][0]["transcript"])


async def test_a_cancel_and_a_clear_silence_the_answer() -> None:
    async with open_house(long_winded(), webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        await caller.dial()
        await caller.next("session.created")
        ask(caller, "Hello.")
        await caller.hears()
        caller.send({"type": "response.cancel"})
        caller.send({"type": "output_audio_buffer.clear"})
        done = (await caller.next("response.done"))["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
        await caller.next("output_audio_buffer.cleared")
        sounded = caller.sounded
        ask(caller, "Again.")
        await caller.next("response.created")
        assert caller.sounded - sounded <= 12, "what was on its way"


async def test_sound_on_the_channel_is_refused() -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        await caller.dial()
        await caller.next("session.created")
        caller.send({"type": "input_audio_buffer.append", "audio": "AAAA", "event_id": "e1"})
        error = (await caller.next("error"))["error"]
        assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "type", "e1")


WRONG = [
    ("{", None, None),
    ('{"type": "nonsense", "event_id": "e1"}', "type", "e1"),
    ('{"type": "input_audio_buffer.append", "audio": "!", "event_id": "e1"}', "type", "e1"),
    (
        json.dumps({"type": "conversation.item.create", "event_id": "e1", "item": says("x" * 200_000)}),
        "item.content.0.text",
        "e1",
    ),
]


async def test_what_is_wrong_on_the_channel_is_named_and_changes_nothing() -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        await caller.dial()
        await caller.next("session.created")
        for event, param, event_id in WRONG:
            caller.send(event)
            error = (await caller.next("error"))["error"]
            assert (error.get("param"), error.get("event_id")) == (param, event_id)
        caller.send(b"\0" * 640)  # binary: not of this API, and over a call no sound either
        ask(caller, "Hello.")
        assert (await caller.next("response.done"))["response"]["status"] == "completed"
        assert house.complaints == []


async def test_after_an_ice_restart_the_call_goes_on_another_way() -> None:
    async with (
        open_house(webrtc=UNHURRIED) as house,
        relay(Weather()) as first,
        relay(Weather()) as second,
        realtime_phone(house) as caller,
    ):
        await caller.dial(offer=without_candidates, answer=first)
        await caller.next("session.created")
        first.weather.cut = True
        await caller.restart(offer=without_candidates, answer=second)
        ask(caller, "Hello.")
        assert (await caller.next("response.done"))["response"]["status"] == "completed"
        assert second.carried > 20


async def test_a_new_offer_that_is_none_leaves_the_call_as_it_was() -> None:
    async with open_house(webrtc=UNHURRIED, server={"keys": ["k"]}) as house, realtime_phone(house) as caller:
        await caller.dial(key="k")
        await caller.next("session.created")
        async with httpx.AsyncClient(trust_env=False, headers=SDP) as http:
            stranger = await http.patch(caller.location, content="hello")
            http.headers["Authorization"] = "Bearer k"
            broken = await http.patch(caller.location, content="hello")
            elsewhere = await http.patch(f"{caller.location}x", content="hello")
        refused = [(each.status_code, each.json()["error"]["code"]) for each in (stranger, broken, elsewhere)]
        assert refused == [(401, "invalid_api_key"), (400, "bad_sdp"), (404, "call_id_not_found")]
        ask(caller, "Hello.")
        assert (await caller.next("response.done"))["response"]["status"] == "completed"


# ── forms, secrets, and the line ──


async def post(house: House, caller: Phone, session: str | None, key: str = "anybody") -> httpx.Response:
    """Offer by a form."""
    parts: dict[str, tuple[None, str, str]] = {"sdp": (None, await caller.offer(), "application/sdp")}
    if session is not None:
        parts["session"] = (None, session, "application/json")
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {key}"}
        return await http.post(calls_of(house), files=parts, headers=headers)


async def test_a_form_brings_the_session_with_the_offer() -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        session = json.dumps({"type": "realtime", "model": "mine", "instructions": "Be brief."})
        response = await post(house, caller, session)
        assert response.status_code == 201, response.text
        await caller.connect(response)
        created = (await caller.next("session.created"))["session"]
        assert (created["model"], created["instructions"]) == ("mine", "Be brief.")


async def test_a_client_secret_opens_a_call_with_its_own_session() -> None:
    async with open_house(webrtc=UNHURRIED, server={"keys": ["k"]}) as house, realtime_phone(house) as caller:
        async with httpx.AsyncClient(trust_env=False) as http:
            url = calls_of(house).replace("/calls", "/client_secrets")
            wanted = {"session": {"type": "realtime", "instructions": "From the secret."}}
            secret = (await http.post(url, json=wanted, headers={"Authorization": "Bearer k"})).json()
        assert (await post(house, caller, None, "wrong")).status_code == 401
        response = await post(house, caller, None, secret["value"])
        await caller.connect(response)
        assert (await caller.next("session.created"))["session"]["instructions"] == "From the secret."


async def test_others_listen_in_on_a_call_and_anybody_with_the_key_hangs_up() -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        await caller.dial()
        await caller.next("session.created")
        call = caller.location.rpartition("/")[2]
        url = house.url.replace("/voice", "/realtime")
        async with connect(f"{url}?call_id={call}", proxy=None) as backend:
            update: Message = {
                "type": "session.update",
                "session": {"type": "realtime", "instructions": "Hm."},
            }
            await backend.send(json.dumps(update))
            assert (await caller.next("session.updated"))["session"]["instructions"] == "Hm."
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.post(f"{caller.location}/hangup")).status_code == 200
                with pytest.raises(ConnectionError):
                    await caller.next("nothing more")
                await until(lambda: not house.calls)
                assert (await http.post(f"{caller.location}/hangup")).status_code == 404


BAD_OFFERS: dict[str, tuple[dict[str, str], str, int, str]] = {
    "no SDP": (SDP, "hello", 400, "bad_sdp"),
    "JSON": ({"Content-Type": "application/json"}, "{}", 415, "wrong_type"),
    "a form that is none": ({"Content-Type": "multipart/form-data; boundary=x"}, "x", 400, "invalid_value"),
    "too much": (SDP, "x" * 100_000, 413, "too_large"),
}


@pytest.mark.parametrize("case", BAD_OFFERS)
async def test_what_is_no_offer_is_refused_in_the_words_of_the_api(case: str) -> None:
    headers, body, status, code = BAD_OFFERS[case]
    async with open_house(webrtc=UNHURRIED) as house, httpx.AsyncClient(trust_env=False) as http:
        response = await http.post(calls_of(house), content=body, headers=headers)
        assert response.status_code == status
        error = response.json()["error"]
        assert (error["code"], error["type"]) == (code, "invalid_request_error")
        assert house.complaints == []


async def offered(house: House, sdp: str) -> tuple[int, str]:
    """Offer: the status, and the code of the error."""
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.post(calls_of(house), content=sdp, headers=SDP)
    return response.status_code, response.json()["error"]["code"]


async def test_an_offer_of_no_audio_or_no_opus_or_no_channel() -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        sdp = await caller.offer()
        assert await offered(house, sdp.replace("m=audio", "m=video")) == (400, "no_audio")
        assert await offered(house, sdp.replace("opus/48000", "speex/16000")) == (400, "no_audio")
        assert await offered(house, sdp[: sdp.index("m=application")]) == (400, "no_data_channel")
        assert not house.calls


async def test_fifty_offers_a_second_from_one_address_are_told_to_wait() -> None:
    async with open_house(webrtc={"offers_per_minute": 1}) as house:
        async with httpx.AsyncClient(trust_env=False) as http:
            responses = [await http.post(calls_of(house), content="hello", headers=SDP) for _ in range(50)]
        refused = [response for response in responses if response.status_code == 429]
        assert len(refused) == 40, "ten may come at once"
        error = refused[-1].json()["error"]
        assert (error["code"], error["type"]) == ("too_many_offers", "invalid_request_error")
        assert int(refused[-1].headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("session", "code"),
    [("{", "invalid_value"), ("[]", "invalid_value"), ('{"type": "realtime", "audio": 7}', "invalid_type")],
)
async def test_a_session_that_is_none_is_refused(session: str, code: str) -> None:
    async with open_house(webrtc=UNHURRIED) as house, realtime_phone(house) as caller:
        response = await post(house, caller, session)
        assert (response.status_code, response.json()["error"]["code"]) == (400, code)
