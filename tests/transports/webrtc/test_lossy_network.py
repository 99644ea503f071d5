"""5 % of the packets lost, and up to 40 ms of jitter: people are understood all the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Recording
from tests.transports.house import open_house, scripted_models
from tests.transports.webrtc.phone import Phone, phone, without_candidates
from tests.transports.webrtc.relay import Relay, Weather, relay
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, in_turn
from voice_server.adapters.stt_whisper import WhisperTranscriber
from voice_server.audio.pcm import Pcm, from_bytes
from voice_server.audio.rates import FRAME_MS, INPUT_HZ
from voice_server.audio.resampling import Resampler, resample
from voice_server.bench.words import word_errors
from voice_server.runtime.inference import ThreadWorkers
from voice_server.transports.webrtc.ice import IceOptions
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.mailbox import Sound
from voice_server.transports.webrtc.offers import read_offer
from voice_server.transports.webrtc.opus import FRAME_SAMPLES, Encoder
from voice_server.transports.webrtc.peer import Peer
from voice_server.transports.webrtc.uplink import Uplink

Recordings = Callable[..., list[Recording]]

LOSS, JITTER_MS = 0.05, 40
UTTERANCES = [f"speech/order_{number:02}.wav" for number in range(1, 13)]
ALLOWED_RISE = 0.03


@dataclass(frozen=True)
class Rtp:
    """As aiortc's."""

    sequence_number: int
    timestamp: int
    payload: bytes


def carried(sound: Pcm, loss: float, jitter_ms: int, seed: int) -> Pcm:
    """The sound after a network, in virtual time: both at 16 kHz."""
    chance, encoder = random.Random(seed), Encoder()
    fine = resample(np.pad(sound, (0, INPUT_HZ // 2)), INPUT_HZ, RATE_HZ)
    arrivals: list[tuple[float, Rtp]] = []
    for number in range(len(fine) // FRAME_SAMPLES):
        start = number * FRAME_SAMPLES
        packet = Rtp(number, start, encoder.encode(fine[start : start + FRAME_SAMPLES]))
        if chance.random() >= loss:
            arrivals.append((number * FRAME_MS + chance.random() * jitter_ms, packet))
    return _received(sorted(arrivals, key=lambda arrival: arrival[0]))


def _received(arrivals: list[tuple[float, Rtp]]) -> Pcm:
    heard: list[Pcm] = []
    now_ms, back = 0, Resampler(RATE_HZ, INPUT_HZ)
    uplink = Uplink(lambda pcm: heard.append(back.push(from_bytes(pcm))), lambda: now_ms)
    ticked_ms = 0
    for at_ms, packet in arrivals:
        now_ms = int(at_ms)
        if now_ms - ticked_ms >= FRAME_MS:
            ticked_ms = now_ms
            uplink.tick()
        uplink.receive(packet)
    return np.concatenate(heard)


async def test_a_spoken_turn_is_heard_and_answered_through_bad_weather(sound: Callable[[str], Pcm]) -> None:
    model = ScriptedLanguageModel(in_turn("This answer takes two seconds, of which the caller hears most."))
    models = replace(scripted_models(), language_model=model)
    async with open_house(models) as house, relay(Weather()) as between, phone(house.url) as caller:
        await caller.dial(offer=without_candidates, answer=between)
        between.weather.loss, between.weather.jitter_ms = LOSS, JITTER_MS
        await caller.start()
        caller.microphone.say(sound("speech/cmd_date.wav"))
        await caller.next("transcript.final")
        assert (await caller.next("response.done"))["status"] == "completed"
        assert caller.sounded > 10, (
            "of some 60 frames; aiortc's receiver leaves out 16 for each that was lost"
        )
        assert between.lost > 0


@pytest.mark.models
async def test_word_error_rises_little_where_clients_send_again_what_was_lost(
    models_dir: Path, workers: ThreadWorkers, sound: Callable[[str], Pcm], recordings: Recordings
) -> None:
    """Over a relay, in real time: as aiortc does, and browsers where retransmission was negotiated."""
    ears = Ears(WhisperTranscriber(models_dir / "whisper-tiny.en", workers), recordings)
    paths = UTTERANCES[::4]
    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(over_a_relay(sound(path), seed)) for seed, path in enumerate(paths)]
    clean = await ears.errors({path: carried(sound(path), 0.0, 0, 0) for path in paths})
    lossy = await ears.errors({path: call.result() for path, call in zip(paths, calls, strict=True)})
    assert lossy <= clean + ALLOWED_RISE


@pytest.mark.models
async def test_word_error_rises_little_where_packets_carry_a_copy_of_the_last(
    models_dir: Path, workers: ThreadWorkers, sound: Callable[[str], Pcm], recordings: Recordings
) -> None:
    """In virtual time, and nothing is sent again: as browsers do by themselves."""
    ears = Ears(WhisperTranscriber(models_dir / "whisper-tiny.en", workers), recordings)
    clean = await ears.errors({path: carried(sound(path), 0.0, 0, 0) for path in UTTERANCES})
    lossy = await ears.errors(
        {path: carried(sound(path), LOSS, JITTER_MS, seed) for seed, path in enumerate(UTTERANCES)}
    )
    assert lossy <= clean + ALLOWED_RISE


class Ears:
    """The real transcriber, and what was really said."""

    def __init__(self, whisper: WhisperTranscriber, recordings: Recordings) -> None:
        self._whisper = whisper
        self._said = {row["path"]: row["transcript"] for row in recordings("speech")}

    async def errors(self, heard: dict[str, Pcm]) -> float:
        """The word error over all of these."""
        errors = words = 0
        for path, samples in heard.items():
            text = (await self._whisper.transcribe(samples, deadline_ms=0, language="en", final=True)).text
            wrong, said = word_errors(self._said[path], text)
            errors, words = errors + wrong, words + said
        return errors / words


async def over_a_relay(sound: Pcm, seed: int) -> Pcm:
    """What a peer hears of a phone that says this in bad weather, at 16 kHz."""
    peer, caller = Peer("voice.v1", IceOptions()), Phone("")
    async with relay(Weather(), seed) as between:
        try:
            await caller.reach(lambda sdp: _answered(peer, sdp, between))
            between.weather.loss, between.weather.jitter_ms = LOSS, JITTER_MS
            caller.microphone.say(sound)
            return await _listened(peer, len(sound) * 3 + 2 * RATE_HZ)
        finally:
            await caller.leave()
            await peer.close()


async def _answered(peer: Peer, sdp: str, between: Relay) -> str:
    return await between.answer(await peer.answer(read_offer(without_candidates(sdp))))


async def _listened(peer: Peer, samples: int) -> Pcm:
    heard, back = 0, Resampler(RATE_HZ, INPUT_HZ)
    pieces: list[Pcm] = []
    while heard < samples:
        mail = await peer.mailbox.take()
        assert isinstance(mail, Sound)
        pieces.append(back.push(from_bytes(mail.pcm)))
        heard += len(mail.pcm) // 2
    return np.concatenate(pieces)
