"""Captures of whatever a session may be: over Realtime or WebRTC, with tools, over two connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.observing.captured import trace_in
from tests.transports.caller import call
from tests.transports.house import open_house, scripted_models
from tests.transports.listening import until
from tests.transports.realtime.visitor import visit
from tests.transports.webrtc.phone import phone
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, Step, in_turn
from voice_server.audio.pcm import from_bytes
from voice_server.core.tools import ToolCall
from voice_server.observing.trace_file import Trace, read_trace
from voice_server.ports import Models
from voice_server.replaying.changes import setup_of
from voice_server.replaying.decisions import compare_decisions
from voice_server.replaying.picture import picture_of
from voice_server.replaying.runs import run_from_memory
from voice_server.tools.declaring import tool
from voice_server.tools.functions import FunctionTools

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "Says how the weather is.", "parameters": CITY}
OSLO = ToolCall("", "weather", '{"city":"Oslo"}')
NOON = ToolCall("", "clock", "{}")
LONG = "This answer is so long that it can be cut, and that is what it is for, again and again."
SUNNY = "In Oslo the sun shines, and it is noon."


@tool
async def clock() -> str:
    """Says what time it is."""
    return "noon"


def speaking(*replies: str | Sequence[Step]) -> Models:
    """Models by script, with a tool of the server's own."""
    model = ScriptedLanguageModel(in_turn(*replies))
    return replace(scripted_models(), language_model=model, tools=FunctionTools([clock]))


async def replayed(directory: Path) -> Trace:
    """The trace there; its core decides as it did."""
    path = trace_in(directory)
    comparison = await asyncio.to_thread(compare_decisions, path)
    assert (comparison.differences, comparison.notes) == ([], [])
    return read_trace(path)


def commands(core: Sequence[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """All of these kinds."""
    return [each for record in core for each in record.get("commands", ()) if each["type"] in kinds]


async def from_memory(trace: Trace) -> list[dict[str, Any]]:
    """The core's records when the session is had again."""
    return await asyncio.to_thread(run_from_memory, trace, setup_of(trace.head))


async def test_realtime_is_captured_as_it_was_spoken(tmp_path: Path) -> None:
    async with open_house(speaking("Hello yourself."), capture={"dir": tmp_path}) as house:
        async with visit(house) as visitor:
            await visitor.next("session.created")
            await visitor.update(instructions="Be brief.")
            await visitor.speak(600)
            await visitor.rest(1_000)
            await visitor.next("response.done")
        await until(lambda: not house.sessions)
    trace = await replayed(tmp_path)
    told = [record["message"]["type"] for record in trace.of("out") if "message" in record]
    assert told[: len(visitor.kinds())] == [k for k in visitor.kinds() if k != "response.output_audio.delta"]
    said = [record["message"] for record in trace.of("in") if "message" in record]
    assert [message.get("audio") for message in said] == [None, "[sound]", "[sound]"]
    heard_ms = len(from_bytes(trace.sound("in"))) * 1_000 / trace.rate_hz("in")
    assert 1_590 <= heard_ms <= 1_600, "all of it, but for what the resampler holds back"
    again = await from_memory(trace)
    assert [e["text"] for e in commands(again, "ResponseEnded")] == ["Hello yourself."]
    assert commands(again, "Generate")[0]["messages"][0]["content"] == "Be brief."


async def test_an_answer_over_realtime_is_drawn_as_far_as_it_was_heard(tmp_path: Path) -> None:
    async with open_house(speaking(LONG), capture={"dir": tmp_path}) as house:
        async with visit(house) as visitor:
            await visitor.next("session.created")
            await visitor.says("Tell me all.")
            await visitor.send("response.create")
            for _ in range(20):  # 15 are sent ahead, the others are paced
                await visitor.next("response.output_audio.delta")
            await visitor.send("response.cancel")
            await visitor.next("response.done")
        await until(lambda: not house.sessions)
    trace = await replayed(tmp_path)
    picture = picture_of(trace)
    (stop,) = picture["stops"]
    assert [span["response"] for span in picture["heard"]] == [1]
    assert picture["heard"][0]["end_ms"] <= stop["at"] + 1
    sent_ms = sum(span["end_ms"] - span["start_ms"] for span in picture["sent"])
    heard_ms = picture["heard"][0]["end_ms"] - picture["heard"][0]["start_ms"]
    assert heard_ms < sent_ms, "some of what was sent was never played"


async def test_tools_are_captured_and_answer_again_as_they_did(tmp_path: Path) -> None:
    async with open_house(speaking([OSLO, NOON], SUNNY), capture={"dir": tmp_path}) as house:
        async with call(house.url) as caller:
            await caller.start(tools=[WEATHER])
            await caller.send({"type": "user.text", "text": "How is the weather, and how late is it?"})
            called = await caller.next("tool.call")
            await caller.send({"type": "tool.result", "call": called["call"], "output": {"sky": "clear"}})
            while (await caller.next("response.done"))["text"] != SUNNY:
                pass
            await caller.send({"type": "session.end"})
            await caller.next("session.ended")
        await house.sessions.emptied()
    trace = await replayed(tmp_path)
    core = list(trace.of("core"))
    assert [each["call"]["name"] for each in commands(core, "RunTool")] == ["clock"]
    again = await from_memory(trace)
    kinds = ("ToolCalled", "RunTool")
    assert commands(again, *kinds) == commands(core, *kinds)
    for had in (core, again):
        ended = commands(had, "ResponseEnded")
        assert [e["text"] for e in ended if e["status"] == "completed"] == ["", SUNNY]


async def test_one_trace_goes_on_over_two_connections(tmp_path: Path) -> None:
    async with open_house(speaking("Hello yourself."), capture={"dir": tmp_path}) as house:
        async with call(house.url) as first:
            started = await first.start()
            first.vanish()
            await until(lambda: house.sessions.attended == 0)
        async with call(house.url) as second:
            wanted = {"session": started["session"], "token": started["token"], "last_seq": 1}
            await second.send({"type": "session.resume", **wanted})
            await second.next("session.resumed")
            await second.answered("Hello?")
            await second.send({"type": "session.end"})
            await second.next("session.ended")
        await house.sessions.emptied()
    trace = await replayed(tmp_path)
    told = [record["message"] for record in trace.of("out") if "message" in record]
    assert [m["type"] for m in told if m["type"].startswith("session.")] == [
        "session.started",
        "session.resumed",
        "session.ended",
    ]
    assert {m["token"] for m in told if "token" in m} == {"[secret]"}
    events = [record["event"]["type"] for record in trace.of("core") if record["event"]]
    assert [kind for kind in events if "connected" in kind] == ["Disconnected", "Reconnected"]
    again = await from_memory(trace)
    assert [e["text"] for e in commands(again, "ResponseEnded")] == ["Hello yourself."]


async def test_a_call_over_webrtc_is_captured(tmp_path: Path) -> None:
    brief = {"resume_window_ms": 0}
    async with open_house(speaking("Hello yourself."), capture={"dir": tmp_path}, session=brief) as house:
        async with phone(house.url) as caller:
            await caller.dial()
            assert (await caller.start())["capture"]
            await caller.answered("Hello?")
        await until(lambda: not house.sessions)
    trace = await replayed(tmp_path)
    told = [record["message"]["type"] for record in trace.of("out") if "message" in record]
    assert (told[0], told.count("response.done")) == ("session.started", 1)
    assert trace.sound("out")
