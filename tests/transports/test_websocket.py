"""The door: subprotocol, keys, how many may come in, heartbeats, and clients that do not read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.transports.caller import Caller, call
from tests.transports.house import House, open_house, scripted_models
from tests.transports.listening import until
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, Step, in_turn
from voice_server.core.conversation import Message
from voice_server.protocol.frames import decode_audio

KEYS = ["first-key", "second-key"]
RECEIVE_BUFFER_BYTES = 4_096


# ── the handshake ──


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        (["voice.v1"], "voice.v1"),
        (["chat", "voice.v1", "voice.v2"], "voice.v1"),
        (["chat"], None),
        ([], None),
    ],
)
async def test_the_protocol_is_selected_where_it_is_offered(offered: list[str], selected: str | None) -> None:
    async with open_house() as house, call(house.url, subprotocols=offered) as caller:
        assert caller.connection.subprotocol == selected
        await caller.start()


async def test_what_the_client_is_told_at_the_start() -> None:
    rules, audio = {"heartbeat_ms": 1_234}, {"lead_ms": 250}
    async with open_house(session=rules, audio=audio) as house, call(house.url) as caller:
        started = await caller.start(turn={"responsiveness": 0.8})
    assert (started["seq"], started["heartbeat_ms"]) == (1, 1_234)
    assert started["limits"]["lead_ms"] == 250
    assert started["config"]["turn"] == {"mode": "auto", "responsiveness": 0.8, "barge_in": True}
    assert started["config"]["audio"] == {"input_rate": 16_000, "output_rate": 22_050, "output": True}


async def test_an_answer_comes_as_frames_of_the_stated_rate() -> None:
    async with open_house() as house, call(house.url) as caller:
        await caller.start(audio={"output_rate": 48_000})
        done = await caller.answered("Hello.")
    frames = [decode_audio(data) for data in caller.audio]
    assert done["status"] == "completed"
    assert done["heard"] == done["text"] == "All right, I am on it."
    assert {frame.response for frame in frames} == {done["response"]}
    assert max(len(frame.pcm) for frame in frames) == 48_000 // 50 * 2
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]


# ── keys ──


async def _is_let_in(house: House, *, header: str | None = None, subprotocol: str | None = None) -> bool:
    offered = ["voice.v1", *([f"voice.key.{subprotocol}"] if subprotocol else [])]
    async with call(house.url, subprotocols=offered, key=header) as caller:
        assert caller.connection.subprotocol == "voice.v1"
        with suppress(ConnectionClosed):  # it may have been turned away already
            await caller.send({"type": "session.start"})
        message = await caller.next("session.started", "error")
        if message["type"] == "error":
            assert message["code"] == "unauthorised"
            assert await caller.close_code() == 4401
        return bool(message["type"] == "session.started")


async def test_a_server_with_keys_lets_in_who_shows_one() -> None:
    async with open_house(server={"keys": KEYS}) as house:
        assert await _is_let_in(house, header="first-key")
        assert await _is_let_in(house, header="second-key")
        assert await _is_let_in(house, subprotocol="second-key")
        assert await _is_let_in(house, header="wrong", subprotocol="first-key")


async def test_a_server_with_keys_turns_others_away() -> None:
    async with open_house(server={"keys": KEYS}) as house:
        assert not await _is_let_in(house)
        assert not await _is_let_in(house, header="first-ke")
        assert not await _is_let_in(house, header="first-key,second-key")
        assert not await _is_let_in(house, subprotocol="wrong")
        assert not await _is_let_in(house, subprotocol="voice.v1")
        assert len(house.sessions) == 0


async def test_a_server_without_keys_lets_everybody_in() -> None:
    async with open_house() as house:
        assert await _is_let_in(house)
        assert await _is_let_in(house, header="any")


# ── how many ──


async def test_a_full_server_says_when_to_come_back_and_takes_the_next_when_one_leaves() -> None:
    async with open_house(server={"max_sessions": 2}) as house, call(house.url) as first:
        await first.start()
        async with call(house.url) as second:
            await second.start()
            async with call(house.url) as third:
                await third.send({"type": "session.start"})
                error = await third.next("error")
                assert (error["code"], error["fatal"], error["retry_after_ms"]) == ("busy", True, 5_000)
                assert await third.close_code() == 4429
        await until(lambda: len(house.sessions) == 1)
        async with call(house.url) as fourth:
            await fourth.start()
            assert await first.is_alive()


async def test_a_server_that_is_about_to_end_tells_its_clients_and_takes_nobody() -> None:
    memory = {"kind": "memory"}
    async with open_house(store=memory) as house, call(house.url) as inside, call(house.url) as late:
        await inside.start()
        house.sessions.drain()
        assert (await inside.next("session.ended"))["reason"] == "the server restarts"
        assert await inside.close_code() == 1012
        await late.send({"type": "session.start"})
        error = await late.next("error")
        assert (error["code"], error["message"]) == ("busy", "the server is restarting; try again later")
        assert await late.close_code() == 4429


# ── bugs ──


async def test_a_bug_ends_its_session_with_a_code_of_its_own_and_no_other_session() -> None:
    def divide(call: int, messages: Sequence[Message]) -> list[Step]:
        return [str(1 / 0)] if messages[-1].content == "Divide." else ["All right."]

    models = replace(scripted_models(), language_model=ScriptedLanguageModel(divide))
    async with open_house(models) as house, call(house.url) as unlucky, call(house.url) as other:
        await unlucky.start()
        await other.start()
        await unlucky.send({"type": "user.text", "text": "Divide."})
        assert await unlucky.close_code() == 4500
        assert (await other.answered("Hello."))["status"] == "completed"
    (complaint,) = house.complaints
    assert "ended by a bug" in complaint.getMessage()


# ── heartbeats ──


async def test_the_distance_of_a_client_and_its_clock_are_shown() -> None:
    async with open_house(session={"heartbeat_ms": 500}) as house, call(house.url) as caller:
        path = f"/v1/sessions/{(await caller.start())['session']}"
        base = house.url.replace("ws://", "http://").removesuffix("/v1/voice")
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            assert (await client.get(path)).json()["connection"] is None, "it has not answered yet"
            ping = await caller.next("ping")
            await caller.send({"type": "pong", "t": ping["t"], "t_ms": ping["t"] + 3_600_000})
            assert await caller.is_alive()
            shown = (await client.get(path)).json()["connection"]
            metrics = (await client.get("/metrics")).text
    assert abs(shown["clock_offset_ms"] - (3_600_000 - shown["rtt_ms"] / 2)) <= 0.5
    assert "voice_round_trip_seconds_count 1.0" in metrics


async def test_a_client_that_answers_pings_lives_and_one_that_does_not_is_closed() -> None:
    rules = {"heartbeat_ms": 150}
    async with open_house(session=rules) as house, call(house.url) as living, call(house.url) as dead:
        await living.start()
        await dead.start()
        closing = asyncio.create_task(dead.close_code())
        while not closing.done():
            ping = await living.next("ping")
            await living.send({"type": "pong", "t": ping["t"]})
        assert await closing == 4408
        assert await living.is_alive()


# ── clients that do not read ──


@asynccontextmanager
async def _deaf(url: str) -> AsyncIterator[Caller]:
    """A client with a small buffer, that reads only when it is asked for a message."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        async with connect(url, sock=wire, compression=None, max_queue=1, ping_interval=None) as connection:
            yield Caller(connection)
            connection.transport.abort()


async def test_a_client_that_stops_reading_stalls_nobody_else_and_is_let_go() -> None:
    chatty = ScriptedLanguageModel(in_turn(" ".join(["word"] * 60)))
    models = replace(scripted_models(), language_model=chatty)
    rules = {"stall_limit_ms": 300, "resume_window_ms": 0}
    async with open_house(models, session=rules) as house:
        async with call(house.url) as other, _deaf(house.url) as deaf:
            await other.start()
            await deaf.start(audio={"output_rate": 48_000})
            await deaf.send({"type": "user.text", "text": "Tell me everything."})
            await deaf.next("response.started")
            while len(house.sessions) == 2:  # it says that it has played whatever there is
                await deaf.send({"type": "playback", "response": 1, "played_ms": 4_000_000_000})
                await asyncio.sleep(0.01)
            assert chatty.running == 0
            assert await other.is_alive()
            await until(lambda: len(house.server.server_state.connections) == 1)
        assert house.complaints == []
