"""Metrics: after a real conversation the numbers are those of the conversation."""

from __future__ import annotations

import json
import re
import urllib.request
from asyncio import to_thread
from collections import Counter
from typing import get_args

from prometheus_client import CollectorRegistry

from tests.observing.captured import converse
from tests.runtime.fake_link import Told, native
from tests.runtime.stage import Stage
from tests.transports.caller import call
from tests.transports.house import open_house
from tests.transports.listening import until
from voice_server.core import commands as facts
from voice_server.core.turns import Floor
from voice_server.observing.counting import Counting
from voice_server.observing.message_types import CLIENT_TYPES, UNREADABLE, received_type
from voice_server.observing.metrics import Metrics
from voice_server.protocol.client_messages import ClientMessage
from voice_server.protocol.realtime.client_events import ClientEvent


class Counted(Stage):
    """The stage, counted."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics = Metrics()
        self.tracer = Counting(self.metrics)  # type: ignore[assignment]

    def value(self, name: str, **labels: str) -> float:
        """One sample of the registry; 0 if there is none."""
        registry: CollectorRegistry = self.metrics.registry
        return registry.get_sample_value(name, labels) or 0.0


async def test_messages_are_counted_by_type() -> None:
    stage = Counted()
    await converse(stage)
    told = [native(e.item, e.seq, e.t_ms) for e in stage.link.received if isinstance(e, Told)]
    sizes: Counter[str] = Counter()
    for message in told:
        sizes[json.loads(message)["type"]] += len(message.encode())
    for kind, count in Counter(json.loads(message)["type"] for message in told).items():
        assert stage.value("voice_message_bytes_total", direction="out", type=kind) == sizes[kind]
        assert stage.value("voice_messages_total", direction="out", type=kind) == count
        if kind not in ("session.started", "ping", "pong"):
            assert stage.value("voice_message_seconds_count", direction="out", type=kind) == count
    frames = stage.frames()
    assert stage.value("voice_messages_total", direction="out", type="audio") == len(frames)
    assert stage.value("voice_message_bytes_total", direction="out", type="audio") == sum(
        len(frame.pcm) for frame in frames
    )


async def test_turns_and_their_stages_are_those_that_the_client_was_told() -> None:
    stage = Counted()
    await converse(stage)
    ended = stage.told(facts.ResponseEnded)
    stages = [(stage, at_ms) for response in ended for stage, at_ms in response.latency.items()]
    for name in {stage for stage, _ in stages}:
        times = [at_ms for stage, at_ms in stages if stage == name]
        assert stage.value("voice_turn_stage_seconds_count", stage=name) == len(times)
        assert round(stage.value("voice_turn_stage_seconds_sum", stage=name) * 1000) == sum(times)
    gaps = [response.latency["first_playback"] for response in ended]
    assert round(stage.value("voice_turn_gap_seconds_sum") * 1000) == sum(gaps)
    assert stage.value("voice_responses_total", status="completed") == len(ended)


async def test_stops_and_those_that_were_taken_back_are_counted_and_timed() -> None:
    stage = Counted()
    await converse(stage)
    stops, resumes = stage.told(facts.ResponseStopped), stage.told(facts.ResponseResumed)
    assert stage.value("voice_stops_total", reason="barge_in") == len(stops) == 1
    assert stage.value("voice_stops_taken_back_seconds_count") == len(resumes) == 1
    back_ms = stage.time_of(facts.ResponseResumed) - stage.time_of(facts.ResponseStopped)
    assert round(stage.value("voice_stops_taken_back_seconds_sum") * 1000) == back_ms
    assert stage.value("voice_barge_in_stop_seconds_count") == 1


async def test_sessions_are_counted_by_who_may_speak() -> None:
    stage = Counted()
    async with stage.running():
        assert stage.value("voice_sessions", floor="open") == 1
        await stage.speak(400)
        assert stage.value("voice_sessions", floor="user") == 1
        assert stage.value("voice_sessions", floor="open") == 0
    assert all(stage.value("voice_sessions", floor=floor.value) == 0 for floor in Floor)
    assert stage.value("voice_sessions_ended_total", farewell="lost") == 1


async def test_the_language_model_is_timed_wherever_it_runs() -> None:
    stage = Counted()
    await converse(stage)
    answers = len(stage.language_model.requests)
    assert stage.value("voice_model_wait_seconds_count", model="llm") == answers > 1
    assert stage.value("voice_model_run_seconds_count", model="llm") == answers


async def test_the_door_is_counted() -> None:
    counting = Counting(metrics := Metrics())
    counting.connected()
    counting.connected()
    counting.disconnected(1_500)
    counting.refused("busy")
    counting.resumed(found=False)
    counting.ran("whisper", 10.0, 90.0)
    value = metrics.registry.get_sample_value
    assert value("voice_connections") == 1
    assert value("voice_connection_seconds_sum") == 1.5
    assert value("voice_rejects_total", {"code": "busy"}) == 1
    assert value("voice_resumes_total", {"outcome": "not found"}) == 1
    assert value("voice_model_wait_seconds_sum", {"model": "whisper"}) == 0.01
    assert value("voice_model_run_seconds_sum", {"model": "whisper"}) == 0.09


def test_what_a_client_calls_its_message_is_a_label_only_if_it_is_known() -> None:
    models = (*get_args(ClientMessage), *get_args(ClientEvent))
    types = {get_args(model.model_fields["type"].annotation)[0] for model in models}
    assert types - {"session.resume"} == CLIENT_TYPES  # that comes before there is a session to look on at
    for kind in CLIENT_TYPES:
        assert received_type(json.dumps({"type": kind})) == kind
    assert received_type('{"type":"nonsense"}') == UNREADABLE


async def test_metrics_are_served_while_people_talk() -> None:
    async with open_house() as house:
        address = house.url.replace("ws://", "http://").replace("/v1/voice", "/metrics")
        async with call(house.url) as caller:
            await caller.start()
            await caller.answered("Hello?")
            during = await to_thread(scraped, address)
        await house.sessions.emptied()
        after = await to_thread(scraped, address)
    assert during["voice_connections"] == 1
    assert during['voice_messages_total{direction="in",type="user.text"}'] == 1
    assert during['voice_messages_total{direction="out",type="response.done"}'] == 1
    assert during['voice_responses_total{status="completed"}'] == 1
    assert during['voice_message_seconds_count{direction="in",type="user.text"}'] == 1
    for where in ("in", "out", "kept"):
        assert f'voice_buffered_bytes{{where="{where}"}}' in during
    assert during['voice_buffered_bytes{where="kept"}'] > 0, "nothing was acknowledged"
    assert after['voice_buffered_bytes{where="kept"}'] == 0
    assert sum(n for name, n in after.items() if name.startswith("voice_sessions{")) == 0


async def test_who_is_gone_and_who_came_back_is_counted() -> None:
    async with open_house() as house:
        address = house.url.replace("ws://", "http://").replace("/v1/voice", "/metrics")
        async with call(house.url) as first:
            started = await first.start()
            first.vanish()
            await until(lambda: house.sessions.attended == 0)
        gone = await to_thread(scraped, address)
        async with call(house.url) as second:
            wanted = {"session": started["session"], "token": started["token"], "last_seq": 1}
            await second.send({"type": "session.resume", **wanted})
            await second.next("session.resumed")
            back = await to_thread(scraped, address)
        async with call(house.url) as third:
            await third.send({"type": "session.resume", **wanted, "token": "guess"})
            await third.next("error")
            after = await to_thread(scraped, address)
    assert (gone["voice_sessions_absent"], gone['voice_sessions{floor="open"}']) == (1, 1)
    assert (back["voice_sessions_absent"], back['voice_resumes_total{outcome="resumed"}']) == (0, 1)
    assert after['voice_resumes_total{outcome="not found"}'] == 1


def scraped(address: str) -> dict[str, float]:
    """Every sample, by name and labels."""
    with urllib.request.urlopen(address, timeout=10) as response:
        text = response.read().decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}
