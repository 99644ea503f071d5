"""Frames leave when their time has come, silence where there are none, and nothing after a flush."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from tests.conftest import RunVirtual
from voice_server.ports import AudioFrame
from voice_server.transports.webrtc.downlink import QUEUE_LIMIT, TAIL_FRAMES, Downlink, PlayQueue, Sent
from voice_server.transports.webrtc.opus import FRAME_SAMPLES, SILENCE


def frame(position: int, samples: int = FRAME_SAMPLES, response: int = 1) -> AudioFrame:
    ramp = np.arange(position, position + samples, dtype=np.int16)
    return AudioFrame(response, position, False, ramp.tobytes())


# ── the queue ──


def test_pieces_of_any_size_come_out_as_one_stream() -> None:
    queue = PlayQueue()
    for position, samples in ((0, 300), (300, 960), (1_260, 100)):
        queue.put(frame(position, samples))
    first, sent = queue.take(960)
    np.testing.assert_array_equal(first, np.arange(960))
    assert (sent, queue.samples) == (Sent(1, 960, 0), 400)
    second, sent = queue.take(960)
    np.testing.assert_array_equal(second[:400], np.arange(960, 1_360))
    assert not second[400:].any()
    assert (sent, queue.samples) == (Sent(1, 1_360, 960), 0)


def test_where_there_is_nothing_there_is_silence() -> None:
    samples, sent = PlayQueue().take(960)
    assert not samples.any()
    assert sent is None


def test_what_is_taken_last_names_the_response() -> None:
    queue = PlayQueue()
    queue.put(frame(0, 100))
    queue.put(frame(0, 100, response=2))
    assert queue.take(150)[1] == Sent(2, 50, -100)


def test_an_empty_frame_is_nothing() -> None:
    queue = PlayQueue()
    queue.put(AudioFrame(1, 960, True, b""))
    assert queue.take(960)[1] is None


# ── the track ──


def test_a_packet_leaves_every_20_ms(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        downlink, loop = Downlink(lambda sent: None), asyncio.get_running_loop()
        start_s, left = loop.time(), []
        for _ in range(5):
            packet = await downlink.recv()
            left.append((packet.pts, round((loop.time() - start_s) * 1_000)))
        assert left == [(n * FRAME_SAMPLES, n * 20) for n in range(5)]

    run_virtual(scenario())


def test_a_loop_that_was_held_up_leaves_out_what_it_missed(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        downlink = Downlink(lambda sent: None)
        await downlink.recv()
        await asyncio.sleep(0.5)
        late = await downlink.recv()
        following = await downlink.recv()
        assert late.pts == 25 * FRAME_SAMPLES
        assert following.pts == 26 * FRAME_SAMPLES

    run_virtual(scenario())


def test_speech_is_encoded_and_its_end_and_then_silence_costs_nothing(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        downlink = Downlink(lambda sent: None)
        assert bytes(await downlink.recv()) == SILENCE
        await downlink.put(frame(0))
        packets = [bytes(await downlink.recv()) for _ in range(TAIL_FRAMES + 2)]
        assert [packet == SILENCE for packet in packets] == [False] * (TAIL_FRAMES + 1) + [True]

    run_virtual(scenario())


def test_it_tells_what_was_sent(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        told: list[Sent | None] = []
        downlink = Downlink(told.append)
        await downlink.put(frame(0))
        await downlink.put(frame(960, 480))
        for _ in range(3):
            await downlink.recv()
        assert told == [Sent(1, 960, 0), Sent(1, 1_440, 960), None]

    run_virtual(scenario())


def test_after_a_flush_the_very_next_packet_is_silent(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        told: list[Sent | None] = []
        downlink = Downlink(told.append)
        for number in range(10):
            await downlink.put(frame(number * 960))
        await downlink.recv()
        downlink.flush()
        await downlink.recv()
        assert told == [Sent(1, 960, 0), None]

    run_virtual(scenario())


def test_who_sends_more_than_fits_waits_until_there_is_room(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        downlink = Downlink(lambda sent: None)
        await downlink.put(frame(0, QUEUE_LIMIT))
        waiting = asyncio.create_task(downlink.put(frame(0)))
        await asyncio.sleep(0.001)
        assert not waiting.done()
        await downlink.recv()
        await waiting

    run_virtual(scenario())


def test_the_end_wakes_who_waits(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        downlink = Downlink(lambda sent: None)
        await downlink.put(frame(0, QUEUE_LIMIT))
        waiting = asyncio.create_task(downlink.put(frame(0)))
        await asyncio.sleep(0.001)
        downlink.stop()
        with pytest.raises(ConnectionError):
            await waiting
        with pytest.raises(ConnectionError):
            await downlink.put(frame(0))
        with pytest.raises(MediaStreamError):
            await downlink.recv()

    run_virtual(scenario())
