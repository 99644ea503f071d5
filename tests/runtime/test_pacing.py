"""Audio runs at most `lead_ms` ahead of what the client has played, whatever the synthesizer does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.fake_link import Played
from tests.runtime.stage import CONFIG, OPTIONS, Stage
from tests.runtime.staged_models import RATE_HZ, PiecemealSynthesizer
from voice_server.audio.pcm import from_bytes
from voice_server.audio.rates import ms_to_samples, samples_to_ms
from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.wire import AudioFrame
from voice_server.core import commands as facts
from voice_server.core import events

LEAD_MS = OPTIONS.lead_ms


class Listener:
    """The client's loudspeaker, fed with what came over the link at the virtual clock's times."""

    def __init__(self, stage: Stage) -> None:
        self.loudspeaker = Loudspeaker(stage.config.output_rate_hz)
        self.most_ahead = 0
        """Samples: the most that was ever queued without having sounded."""
        for entry in stage.link.received:
            if isinstance(entry, Played):
                self._receive(entry)

    def _receive(self, entry: Played) -> None:
        now = ms_to_samples(entry.at_ms, self.loudspeaker.rate_hz)
        sent = entry.frame
        frame = AudioFrame(sent.response, sent.position, from_bytes(sent.pcm), sent.last)
        self.loudspeaker.receive(frame, now)
        self.most_ahead = max(self.most_ahead, self.loudspeaker.free_at() - now)


async def _answer(stage: Stage) -> None:
    async with stage.running():
        await stage.tell(events.UserTyped("What time is it?"))
        while not stage.told(facts.ResponseEnded):
            await stage.wait(500)


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(
    pieces=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 20_000)), min_size=1, max_size=6),
    lead_ms=st.integers(40, 600),
    rate_hz=st.sampled_from([8_000, 16_000, 22_050]),
)
def test_audio_is_never_further_ahead_than_the_lead_and_none_is_lost(
    pieces: list[tuple[int, int]], lead_ms: int, rate_hz: int
) -> None:
    stage = Stage(config=replace(CONFIG, output_rate_hz=rate_hz), options=replace(OPTIONS, lead_ms=lead_ms))
    voice = stage.synthesizer = PiecemealSynthesizer(stage.clock, rate_hz, [*pieces, (0, 4_000)])
    asyncio.run(_answer(stage))
    listener = Listener(stage)
    frames = stage.frames()
    assert listener.most_ahead <= ms_to_samples(lead_ms, rate_hz)
    assert all(b.position == a.position + len(a.pcm) // 2 for a, b in pairwise(frames))
    assert frames[-1].position + len(frames[-1].pcm) // 2 == voice.made_samples
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert all(len(frame.pcm) <= rate_hz // 50 * 2 for frame in frames)


async def test_less_than_a_frame_waits_for_more() -> None:
    stage = Stage()
    stage.synthesizer = PiecemealSynthesizer(stage.clock, RATE_HZ, [(10, 3_000), (10, 1_000)])
    await _answer(stage)
    *before, _last = stage.frames()
    assert {len(frame.pcm) // 2 for frame in before} == {320}


async def test_the_lead_is_used_in_full() -> None:
    stage = Stage()
    await _answer(stage)
    ahead_ms = samples_to_ms(Listener(stage).most_ahead, RATE_HZ)
    assert LEAD_MS - 20 < ahead_ms <= LEAD_MS


async def test_a_client_that_plays_slowly_is_waited_for() -> None:
    stage = Stage()
    async with stage.running():
        response = await stage.ask()
        await stage.tell(events.PlaybackReported(response, 0))
        for _ in range(10):  # its loudspeaker does not move
            await stage.rest(40)
            await stage.tell(events.PlaybackReported(response, 0))
        frames = stage.frames(response)
        assert frames[-1].position + 320 <= ms_to_samples(LEAD_MS + 40, RATE_HZ)
        sent = len(frames)
        await stage.tell(events.PlaybackReported(response, 200))
        assert len(stage.frames(response)) - sent == 200 // 20 - 40 // 20


async def test_a_client_that_plays_faster_is_sent_more() -> None:
    stage = Stage()
    async with stage.running():
        response = await stage.ask()
        await stage.rest(200)
        await stage.tell(events.PlaybackReported(response, 460))
        last = stage.frames(response)[-1]
    assert samples_to_ms(last.position + 320, RATE_HZ) == 460 + LEAD_MS


async def test_a_client_cannot_have_played_more_than_it_was_sent() -> None:
    stage = Stage()
    async with stage.running():
        response = await stage.ask()
        for claims in range(1, 20):
            await stage.tell(events.PlaybackReported(response, 4_000_000_000))
            sent_ms = samples_to_ms(stage.frames(response)[-1].position, RATE_HZ)
            assert sent_ms < (claims + 1) * LEAD_MS
        for _ in range(20):
            await stage.rest(200)
            await stage.tell(events.PlaybackReported(response, 4_000_000_000))
    frames = stage.frames(response)
    assert stage.done(response).status == "completed"
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]
