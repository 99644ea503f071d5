"""A client that takes nothing costs no more than is stated, and nobody else anything."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.runtime.comebacks import LASTING, Client, House
from tests.runtime.stage import CONFIG, QUESTION
from tests.runtime.staged_models import ANSWER, word_by_word
from voice_server.audio.rates import BYTES_PER_SAMPLE
from voice_server.core import commands as facts
from voice_server.core import events
from voice_server.core.answer import CLAUSES_AHEAD
from voice_server.core.policy import Policy
from voice_server.ports import AudioFrame, Refused
from voice_server.runtime.outbox import FACT_LIMIT
from voice_server.runtime.speaking import AHEAD_MS

LONG = " ".join(f"This is sentence number {number} of many." for number in range(40))
LONGEST_CLAUSE_MS = 4_000


async def _asked(house: House) -> Client:
    client = await house.start()
    house.stage.replies = word_by_word(house.clock, LONG, token_ms=1)
    await client.tell(events.UserTyped(QUESTION))
    return client


def _generated(house: House) -> str:
    """What the model has been asked for."""
    told = [record["event"] or {} for record in house.stage.tracer.records[1:]]
    return "".join(event["text"] for event in told if event.get("type") == "TextGenerated")


def _limit_bytes() -> int:
    return (AHEAD_MS + LONGEST_CLAUSE_MS) * CONFIG.output_rate_hz // 1000 * BYTES_PER_SAMPLE


async def test_the_voice_waits_for_a_client_that_reads_nothing() -> None:
    house = House()
    async with house.open():
        client = await _asked(house)
        await client.rest(200)
        client.link.stop_reading()
        for _ in range(5):
            await client.rest(100)
            assert house.sessions.buffered_bytes("out") <= _limit_bytes()
        assert house.sessions.buffered_bytes("out") > 0
        assert len(house.stage.synthesizer.clauses) < LONG.count(".")


async def test_the_model_waits_for_a_client_that_reads_nothing_and_goes_on_when_it_reads_again() -> None:
    house = House()
    async with house.open():
        client = await _asked(house)
        await client.rest(200)
        client.link.stop_reading()
        await client.rest(400)
        generated = _generated(house)
        clauses = generated.count(".")
        assert len(house.stage.synthesizer.clauses) < clauses < LONG.count(".")
        assert clauses - len(house.stage.synthesizer.clauses) <= CLAUSES_AHEAD
        await client.rest(1_000)
        assert _generated(house) == generated
        client.link.read_on()
        await client.rest(3_000)
        assert len(_generated(house)) > len(generated)
        assert LONG.startswith(_generated(house).strip())


async def test_a_model_that_waits_for_a_loudspeaker_that_stands_still_has_not_stalled() -> None:
    """As of a page in the background: its client reads, and says that it has played nothing."""
    impatient = Policy(generation_stall_ms=500, synthesis_stall_ms=500)
    house = House(options=replace(LASTING, policy=impatient))
    async with house.open():
        client = await _asked(house)
        for _ in range(10):
            await client.rest(200)
            await client.tell(events.PlaybackReported(1, 0))
        assert not client.of(facts.Trouble)
        generated = _generated(house)
        assert generated.count(".") <= len(house.stage.synthesizer.clauses) + CLAUSES_AHEAD
        for played_ms in range(0, 3_000, 200):
            await client.rest(200)
            await client.tell(events.PlaybackReported(1, played_ms))
        assert len(_generated(house)) > len(generated)
        assert not client.of(facts.Trouble)


async def test_it_goes_on_when_the_client_reads_on() -> None:
    house = House()
    async with house.open():
        client = await _asked(house)
        await client.rest(1_000)
        assert house.sessions.buffered_bytes("out") <= _limit_bytes()
        spoken = len(house.stage.synthesizer.clauses)
        await client.rest(2_000)
        assert len(house.stage.synthesizer.clauses) > spoken


async def test_the_frames_of_another_session_leave_when_they_would_have_left() -> None:
    alone, beside = [await _frames(stalled=stalled) for stalled in (False, True)]
    assert beside == alone


async def _frames(*, stalled: bool) -> list[tuple[int, int]]:
    """When each frame of a session left, beside another whose client reads, or does not."""
    house = House()
    async with house.open():
        other = await _asked(house)
        await other.rest(200)
        if stalled:
            other.link.stop_reading()
        client = await _asked(house)
        await client.rest(500)
        received = [entry for entry in client.link.received if hasattr(entry, "frame")]
        frames: list[AudioFrame] = client.frames
        assert all(b.position > a.position for a, b in pairwise(frames))
        return [(entry.at_ms, entry.frame.position) for entry in received]


@pytest.mark.parametrize("waiting", [0, FACT_LIMIT // 2])
async def test_where_much_waits_partial_transcripts_are_dropped_and_nothing_else(waiting: int) -> None:
    house = House()
    async with house.open():
        client = await house.start()
        client.link.stop_reading()
        await client.tell(*[Refused("bad_field", f"number {number}") for number in range(waiting)])
        await client.speak(800)
        await client.rest(800)
        client.link.read_on()
        await client.rest(4_000)
        assert bool(client.of(facts.TranscriptRevised)) == (waiting == 0)
        assert [fact.text for fact in client.of(facts.TranscriptCommitted)] == [QUESTION]
        assert client.of(facts.ResponseEnded)[0].heard == ANSWER
        assert client.frames[0].position == 0
        assert client.frames[-1].last
