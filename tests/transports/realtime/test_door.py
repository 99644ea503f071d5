"""Who comes in to the Realtime API: keys, client secrets, how many, and who listens in."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from openai.types.realtime import ClientSecretCreateResponse
from websockets.exceptions import InvalidStatus

from tests.transports.house import House, open_house
from tests.transports.listening import until
from tests.transports.realtime.visitor import visit
from voice_server.protocol.realtime.session_patch import SessionPatch
from voice_server.transports.realtime.client_secrets import MAX_SECRETS, ClientSecrets

KEYS = ["first-key", "second-key"]


async def denied(house: House, query: str = "", **how: Any) -> tuple[int, str]:
    """The status and the code that the handshake was refused with."""
    with pytest.raises(InvalidStatus) as refusal:
        async with visit(house, query, **how):
            pass
    response = refusal.value.response
    return response.status_code, json.loads(response.body)["error"]["code"]


async def wants_secret(house: House, key: str | None = None, **body: Any) -> httpx.Response:
    url = house.url.replace("ws://", "http://").replace("/v1/voice", "/v1/realtime/client_secrets")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient() as client:
        return await client.post(url, json=body, headers=headers)


# ── keys ──


@pytest.mark.parametrize(
    "how",
    [
        {"key": "second-key"},
        {"subprotocols": ["realtime", "openai-insecure-api-key.first-key"]},
        {"subprotocols": ["realtime", "openai-insecure-api-key.first-key", "openai-agents-sdk.0.20.0"]},
    ],
)
async def test_who_shows_a_key_comes_in(how: dict[str, Any]) -> None:
    async with open_house(server={"keys": KEYS}) as house, visit(house, **how) as visitor:
        await visitor.next("session.created")
        offered = "subprotocols" in how
        assert visitor.connection.subprotocol == ("realtime" if offered else None)


@pytest.mark.parametrize(
    "how",
    [{}, {"key": "first-ke"}, {"subprotocols": ["realtime", "openai-insecure-api-key.wrong"]}],
)
async def test_who_shows_none_does_not(how: dict[str, Any]) -> None:
    async with open_house(server={"keys": KEYS}) as house:
        assert await denied(house, **how) == (401, "invalid_api_key")
        assert len(house.sessions) == 0
        assert house.complaints == []


async def test_some_clients_write_two_slashes() -> None:
    async with open_house() as house, visit(house, "?model=x", path="/v1//realtime") as visitor:
        assert (await visitor.next("session.created"))["session"]["model"] == "x"


async def test_a_full_server_says_so() -> None:
    async with open_house(server={"max_sessions": 1}) as house, visit(house) as visitor:
        await visitor.next("session.created")
        assert await denied(house) == (503, "server_busy")
        assert len(house.sessions) == 1


# ── client secrets ──


async def test_a_secret_opens_the_session_that_it_was_given_for() -> None:
    async with open_house(server={"keys": KEYS}) as house:
        session = {"type": "realtime", "instructions": "Be brief.", "output_modalities": ["text"]}
        given = (await wants_secret(house, KEYS[0], session=session)).json()
        ClientSecretCreateResponse.model_validate_json(json.dumps(given), strict=True)
        assert given["value"].startswith("ek_")
        assert given["session"]["instructions"] == "Be brief."
        for _ in range(2):  # until it ends, as often as one likes
            async with visit(house, key=given["value"]) as visitor:
                created = await visitor.next("session.created")
                assert created["session"]["instructions"] == "Be brief."
                assert created["session"]["output_modalities"] == ["text"]


async def test_a_secret_for_a_session_that_only_transcribes() -> None:
    async with open_house(server={"keys": KEYS}) as house:
        detection = {"type": "server_vad", "silence_duration_ms": 250}
        heard = {"transcription": {"model": "whisper-1", "language": "en"}, "turn_detection": detection}
        session = {"type": "transcription", "audio": {"input": heard}}
        given = (await wants_secret(house, KEYS[0], session=session)).json()
        ClientSecretCreateResponse.model_validate_json(json.dumps(given), strict=True)
        async with visit(house, "", key=given["value"]) as visitor:
            created = (await visitor.next("session.created"))["session"]
            assert {**created, "id": ""} == {**given["session"], "id": ""}
            assert created["type"] == "transcription"
            assert created["audio"]["input"]["transcription"]["language"] == "en"
            await visitor.speak(600)
            await visitor.rest(1_000)
            words = await visitor.next("conversation.item.input_audio_transcription.completed")
            assert words["transcript"] == "Hello."
            await visitor.send("response.create", event_id="e-1")
            assert (await visitor.next("error"))["error"]["event_id"] == "e-1"
        assert not [kind for kind in visitor.kinds() if kind.startswith("response.")]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 5}}, "expires_after.seconds"),
        ({"session": {"instructions": 7}}, "session.instructions"),
        ({"session": 7}, "session"),
    ],
)
async def test_secrets_that_cannot_be(body: dict[str, Any], param: str) -> None:
    async with open_house() as house:
        refused = await wants_secret(house, **body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


async def test_a_secret_costs_a_key() -> None:
    async with open_house(server={"keys": KEYS}) as house:
        assert (await wants_secret(house)).status_code == 401
        given = (await wants_secret(house, KEYS[0])).json()["value"]
        assert (await wants_secret(house, given)).status_code == 401


def test_a_secret_ends_and_the_oldest_are_forgotten() -> None:
    now = [1_000]
    secrets = ClientSecrets(lambda: now[0])
    value, expires_at = secrets.give(SessionPatch(instructions="Hm."), 60)
    assert expires_at == 1_060
    found = secrets.find(value)
    assert found
    assert found.session.instructions == "Hm."
    assert secrets.find(value[:-1]) is None
    now[0] = 1_060
    assert secrets.find(value) is None
    first, _ = secrets.give(SessionPatch(), 60)
    for _ in range(MAX_SECRETS):
        secrets.give(SessionPatch(), 60)
    assert secrets.find(first) is None


# ── listening in ──


async def test_who_listens_in_sees_events_and_no_sound_and_may_steer() -> None:
    async with open_house() as house, visit(house) as visitor:
        call = (await visitor.next("session.created"))["session"]["id"]
        async with visit(house, f"?call_id={call}") as other:
            updated = await other.update(instructions="Be brief.")
            assert updated["instructions"] == "Be brief."
            await visitor.next("session.updated")
            await other.send("response.create", response={"metadata": {"by": "the other"}})
            done = (await visitor.next("response.done"))["response"]
            assert done["metadata"] == {"by": "the other"}
            assert (await other.next("response.done"))["response"]["id"] == done["id"]
            assert "session.created" not in other.kinds()
            assert other.sound() == b""
            assert "response.output_audio_transcript.delta" in other.kinds()
            await other.connection.send(bytes(96_000))
            await other.speak(2_000)
            await other.update()
            refusals = [frame["error"]["code"] for frame in other.received if frame["type"] == "error"]
            assert refusals == ["invalid_value"] * 2
        await visitor.send("response.create")  # goes on when the other has left
        assert (await visitor.next("response.done"))["response"]["status"] == "completed"


async def test_who_listens_in_is_hung_up_on_when_the_session_ends() -> None:
    async with open_house() as house:
        async with visit(house) as visitor:
            call = (await visitor.next("session.created"))["session"]["id"]
            async with visit(house, f"?call_id={call}") as other:
                await other.update()
                await visitor.connection.close()
                assert await other.close_code() == 1000
        await until(lambda: len(house.sessions) == 0)


async def test_there_is_no_listening_in_on_what_is_not_there() -> None:
    async with open_house() as house:
        assert await denied(house, "?call_id=rtc_nothing") == (404, "call_id_not_found")
