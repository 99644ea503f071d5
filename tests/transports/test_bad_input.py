"""Everything that a client can get wrong has a name, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.transports.caller import Caller, Message, call
from tests.transports.house import House, open_house
from tests.transports.listening import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

KIB, MIB = 2**10, 2**20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    async with open_house(session={"resume_window_ms": 0}) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bystander(house: House) -> AsyncIterator[Caller]:
    """Somebody who is in a session all the while."""
    async with call(house.url) as caller:
        await caller.start()
        yield caller


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nobody_else_notices(house: House, bystander: Caller) -> AsyncIterator[None]:
    yield
    assert await bystander.is_alive()
    await until(lambda: len(house.sessions) == 1)
    assert house.complaints == []


def start(**config: Any) -> Message:
    return {"type": "session.start", "config": config}


def text(characters: int) -> Message:
    return {"type": "user.text", "text": "x" * characters}


BEFORE_THE_SESSION: dict[str, tuple[Message | str | bytes, str, str | None, int]] = {
    "sound": (bytes(640), "bad_message", None, 4400),
    "another message": ({"type": "user.text", "text": "hello"}, "bad_message", "type", 4400),
    "no JSON": ("{", "bad_json", None, 4400),
    "no object": ("[1]", "bad_message", None, 4400),
    "no type": ({}, "bad_message", "type", 4400),
    "an unknown type": ({"type": "session.begin"}, "unknown_type", "type", 4400),
    "an unknown field": (start(turn={"mod": "auto"}), "unknown_field", "config.turn.mod", 4400),
    "a wrong input rate": (start(audio={"input_rate": 44_100}), "bad_field", "config.audio.input_rate", 4400),
    "a wrong output rate": (start(audio={"output_rate": 1}), "bad_field", "config.audio.output_rate", 4400),
    "a voice that is not there": (start(voice="Ada"), "bad_field", "config.voice", 4400),
    "a tool's schema": (
        start(tools=[{"name": "clock", "parameters": {"properties": 3}}]),
        "bad_field",
        "config.tools.0.parameters",
        4400,
    ),
    "a session that is not there": (
        {"type": "session.resume", "session": "s_1", "token": "t", "last_seq": 0},
        "no_session",
        None,
        4404,
    ),
    "more than a message may be": (start(instructions="x" * 64 * KIB), "too_large", None, 4413),
    "a megabyte": (start(instructions="x" * MIB), "too_large", None, 4413),
}


@pytest.mark.parametrize("case", BEFORE_THE_SESSION)
async def test_a_connection_that_begins_wrongly_is_told_why_and_closed(house: House, case: str) -> None:
    frame, code, field, close_code = BEFORE_THE_SESSION[case]
    async with call(house.url) as caller:
        await caller.send(frame)
        error = await caller.next("error")
        assert (error["code"], error.get("field"), error["fatal"]) == (code, field, True)
        assert error["message"]
        assert await caller.close_code() == close_code


IN_THE_SESSION: dict[str, tuple[Message | str | bytes, str, str | None]] = {
    "an odd length": (bytes(641), "bad_audio", None),
    "no sound": (b"", "bad_audio", None),
    "more than 200 ms": (bytes(6_402), "bad_audio", None),
    "no JSON": ("hello", "bad_json", None),
    "half a character": ('{"type": "user.text", "text": "\\ud800"}', "bad_json", None),
    "no object": ("null", "bad_message", None),
    "no type": ({"text": "hello"}, "bad_message", "type"),
    "an unknown type": ({"type": "user.txt", "text": "hello"}, "unknown_type", "type"),
    "an unknown field": ({"type": "user.text", "text": "hello", "txt": 1}, "unknown_field", "txt"),
    "a missing field": ({"type": "user.text"}, "bad_field", "text"),
    "an empty text": (text(0), "bad_field", "text"),
    "an empty text, nearly": ({"type": "user.text", "text": " \n "}, "bad_field", "text"),
    "a long text": (text(8_001), "bad_field", "text"),
    "a wrong value": ({"type": "playback", "response": 1, "played_ms": -1}, "bad_field", "played_ms"),
    "a number that is none": (
        '{"type": "playback", "response": 1, "played_ms": NaN}',
        "bad_field",
        "played_ms",
    ),
    "a second start": (start(), "not_now", "type"),
    "a resume": (
        {"type": "session.resume", "session": "s_1", "token": "t", "last_seq": 0},
        "not_now",
        "type",
    ),
    "another rate": (
        {"type": "session.update", "config": {"audio": {"input_rate": 8_000}}},
        "bad_field",
        "config.audio.input_rate",
    ),
    "a voice that is not there": (
        {"type": "session.update", "config": {"voice": "scriptid"}},
        "bad_field",
        "config.voice",
    ),
    "a tool's result": ({"type": "tool.result", "call": "c1", "output": 1}, "bad_field", "call"),
    "the button of the other mode": ({"type": "turn.commit"}, "turn_mode", None),
}


@pytest.mark.parametrize("case", IN_THE_SESSION)
async def test_a_wrong_message_is_named_and_changes_nothing(house: House, case: str) -> None:
    frame, code, field = IN_THE_SESSION[case]
    async with call(house.url) as caller:
        await caller.start()
        await caller.send(frame)
        error = await caller.next("error")
        assert (error["code"], error.get("field"), error["fatal"]) == (code, field, False)
        assert error["message"]
        assert await caller.is_alive()


@pytest.mark.parametrize(
    "frame",
    [json.dumps(text(64 * KIB)), json.dumps(text(MIB)), bytes(64 * KIB + 2)],
    ids=["text", "a megabyte of text", "sound"],
)
async def test_what_is_larger_than_any_message_ends_the_session(house: House, frame: str | bytes) -> None:
    async with call(house.url) as caller:
        await caller.start()
        await caller.send(frame)
        error = await caller.next("error")
        assert (error["code"], error["fatal"]) == ("too_large", True)
        assert (await caller.next("session.ended"))["reason"] == "protocol"
        assert await caller.close_code() == 4413


@pytest.mark.parametrize(
    "message",
    [
        {"type": "playback", "response": 99, "played_ms": 4_000_000_000},
        {"type": "ack", "seq": 2**53 - 1},
        {"type": "interrupt"},
        {"type": "pong", "t": 1e300},
    ],
)
async def test_what_means_nothing_now_is_passed_over(house: House, message: Message) -> None:
    async with call(house.url) as caller:
        await caller.start()
        await caller.send(message)
        assert (await caller.answered("Hello."))["status"] == "completed"


async def test_a_voice_that_is_not_there_is_answered_with_those_that_are(house: House) -> None:
    async with call(house.url) as caller:
        await caller.send(start(voice="Ada"))
        assert (await caller.next("error"))["message"] == (
            'config.voice: there is no voice "Ada"; known are scripted'
        )
        assert await caller.close_code() == 4400
    async with call(house.url) as caller:
        started = await caller.start(voice="scripted")
        assert started["config"]["voice"] == "scripted"


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with open_house(session={"start_timeout_ms": 50}) as house, call(house.url) as caller:
        error = await caller.next("error")
        assert (error["code"], error["message"]) == ("bad_message", "no session.start came within 0.05 s")
        assert await caller.close_code() == 4400


async def test_another_path_is_no_way_in(house: House) -> None:
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        await call(house.url.replace("/voice", "/vice")).__aenter__()


async def test_a_text_frame_that_is_no_text_ends_the_connection(house: House) -> None:
    async with call(house.url) as caller:
        await caller.start()
        await caller.connection.send(b"\xff\xfe", text=True)
        assert await caller.close_code() == 1007
    await until(lambda: len(house.sessions) == 1)
    assert [record.getMessage() for record in house.complaints] == [
        "Invalid UTF-8 sequence received from client."
    ]
    house.complaints.clear()


@pytest.mark.parametrize("frame", [bytes(6_400), {"type": "ack", "seq": 1}])
async def test_a_client_that_floods_us_is_slowed_and_then_closed(frame: bytes | Message) -> None:
    async with (
        open_house(session={"ahead_limit_ms": 20_000}) as house,
        call(house.url) as other,
        call(house.url) as flooder,
    ):
        await other.start()
        await flooder.start()
        flood = asyncio.create_task(_flood(flooder, frame))
        error = await flooder.next("error")
        assert (error["code"], error["fatal"]) == ("too_much", True)
        assert (await flooder.next("session.ended"))["reason"] == "protocol"
        assert await flooder.close_code() == 4413
        await flood
        assert await other.is_alive()
        await until(lambda: len(house.sessions) == 1)
        assert house.complaints == []


async def _flood(flooder: Caller, frame: bytes | Message) -> None:
    with suppress(ConnectionClosed):
        while True:
            await flooder.send(frame)
