"""What a client is told of the user's speech, and what its sound becomes."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from tests.protocol.realtime.call import Call, kinds, refusal
from voice_server.audio import g711
from voice_server.audio.pcm import from_bytes, to_bytes
from voice_server.core import commands as facts
from voice_server.core import requests
from voice_server.protocol.realtime.reading import Rest, Sound

WHISPER = {"input": {"transcription": {"model": "whisper-1"}}}
MANUAL = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}


def append(call: Call, pcm: bytes) -> list[dict[str, Any]]:
    return call.send("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())


def tone(hz: int, rate_hz: int, ms: int) -> bytes:
    time = np.arange(rate_hz * ms // 1000) / rate_hz
    return to_bytes((8_000 * np.sin(2 * np.pi * hz * time)).astype(np.int16))


# ── turns that the server finds ──


def test_a_turn_from_the_first_sound_to_its_words() -> None:
    call = Call()
    call.update(audio=WHISPER)
    told = call.fact(
        facts.TurnOpened(1, 1_460),
        facts.TranscriptRevised(1, "what tim", 5),
        facts.TranscriptRevised(1, "what time is", 10),
        facts.TurnPaused(1, 2_900),
        facts.TranscriptCommitted(1, "what time is it", 1_460, 2_900),
    )
    assert kinds(told) == [
        "input_audio_buffer.speech_started",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.delta",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert (told[0]["audio_start_ms"], told[3]["audio_end_ms"]) == (1_160, 2_900)
    item_id = told[0]["item_id"]
    assert {frame["item_id"] for frame in told if "item_id" in frame} == {item_id}
    assert told[5]["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert "".join(frame.get("delta", "") for frame in told) == told[-1]["transcript"] == "what time is it"
    assert told[-1]["usage"] == {"type": "duration", "seconds": 1.44}
    (retrieved,) = call.send("conversation.item.retrieve", item_id=item_id)
    assert retrieved["item"]["content"] == [{"type": "input_audio", "transcript": "what time is it"}]


def test_without_transcription_the_words_are_not_told() -> None:
    call = Call()
    told = call.fact(
        facts.TurnOpened(1, 100),
        facts.TranscriptRevised(1, "what time", 9),
        facts.TurnPaused(1, 900),
        facts.TranscriptCommitted(1, "what time is it", 100, 900),
    )
    assert not [kind for kind in kinds(told) if "transcription" in kind]
    assert told[0]["audio_start_ms"] == 0


def test_words_that_could_not_be_had_are_an_item_and_a_failure() -> None:
    call = Call()
    call.update(audio=WHISPER)
    call.fact(facts.TurnOpened(1, 100), facts.TurnPaused(1, 900))
    told = call.fact(facts.Trouble("transcription_failed", "It could not."))
    assert kinds(told)[-1] == "conversation.item.input_audio_transcription.failed"
    assert told[-1]["error"]["message"] == "It could not."
    assert "conversation.item.added" in kinds(told)


def test_a_sound_over_an_answer_is_told_when_the_answer_yields() -> None:
    call = Call()
    call.fact(facts.ResponseBegan(1, 1), facts.TextAdded(1, "It is noon."))
    assert call.fact(facts.ResponseStopped(1, "barge_in", 900), facts.TurnOpened(2, 900)) == []
    told = call.fact(facts.ResponseEnded(1, "interrupted", "It is noon.", ""), facts.TurnPaused(2, 1_500))
    assert kinds(told)[0] == "input_audio_buffer.speech_started"
    assert kinds(told)[-2:] == ["response.done", "input_audio_buffer.speech_stopped"]


def test_a_false_alarm_is_told_to_nobody() -> None:
    call = Call()
    call.fact(facts.ResponseBegan(1, 1), facts.TextAdded(1, "It is noon."))
    alarm = call.fact(
        facts.ResponseStopped(1, "barge_in", 900),
        facts.TurnOpened(2, 900),
        facts.TurnPaused(2, 1_200),
        facts.ResponseResumed(1, 0),
    )
    assert alarm == []
    assert kinds(call.fact(facts.TurnOpened(3, 2_000))) == ["input_audio_buffer.speech_started"]


def test_a_silence_after_an_answer_is_an_item_without_words() -> None:
    call = Call()
    call.update(audio=WHISPER)
    told = call.fact(facts.TurnPassed(3, 13_000, 19_000), facts.ResponseBegan(2, 3))
    assert kinds(told) == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
    ]
    assert (told[0]["audio_start_ms"], told[0]["audio_end_ms"]) == (13_000, 19_000)
    assert told[0]["item_id"] == told[1]["item_id"] == told[4]["item_id"]
    assert told[4]["transcript"] == ""


# ── turns that the client cuts ──


def test_a_commit_is_an_item_at_once_and_has_its_words_later() -> None:
    call = Call()
    session = call.update(audio=MANUAL)
    assert session["audio"]["input"]["turn_detection"] is None
    call.core.clear()
    append(call, bytes(24_000 * 2))
    call.send("input_audio_buffer.commit")
    assert call.core == [requests.InputCommitted(0, 980)]  # of the second, what is in whole frames
    told = call.fact(facts.TurnOpened(1, 0), facts.TurnPaused(1, 980))
    assert kinds(told) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    told = call.fact(facts.TranscriptCommitted(1, "Hello.", 0, 980))
    assert kinds(told) == [
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]


def test_a_commit_without_words_is_completed_before_the_answer() -> None:
    call = Call()
    call.update(audio=MANUAL)
    call.fact(facts.TurnOpened(1, 0), facts.TurnPaused(1, 980))
    told = call.fact(facts.ResponseBegan(1, 0))
    assert kinds(told) == [
        "conversation.item.input_audio_transcription.completed",
        "response.created",
    ]
    assert told[0]["transcript"] == ""


def test_less_than_a_tenth_of_a_second_is_not_committed() -> None:
    call = Call()
    append(call, bytes(24_000 * 2))
    call.send("input_audio_buffer.commit")
    append(call, bytes(1_200 * 2))
    refused = call.send("input_audio_buffer.commit", event_id="e-1")
    assert refusal(refused) == ("input_audio_buffer_commit_empty", None, "e-1")


def test_a_tenth_of_a_second_is_enough() -> None:
    call = Call()
    append(call, bytes(2_400 * 2))
    call.send("input_audio_buffer.commit")
    assert call.core == [requests.InputCommitted(0, 80)]


def test_what_is_cleared_is_not_committed() -> None:
    call = Call()
    append(call, bytes(24_000 * 2))
    assert kinds(call.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    assert call.core == [requests.InputCleared(980)]
    assert refusal(call.send("input_audio_buffer.commit"))[0] == "input_audio_buffer_commit_empty"


# ── sound ──


def test_binary_frames_are_appended() -> None:
    one, other = Call(), Call()
    pcm = tone(440, 24_000, 500)
    append(one, pcm)
    for start in range(0, len(pcm), 960):
        other.send_raw(pcm[start : start + 960])
    assert one.sound == other.sound
    assert len(one.sound) == pytest.approx(16_000, abs=200)


@pytest.mark.parametrize(("encoding", "law"), [("audio/pcmu", "ulaw"), ("audio/pcma", "alaw")])
def test_telephone_sound_is_heard_as_it_was_spoken(encoding: str, law: g711.Law) -> None:
    call = Call()
    call.update(audio={"input": {"format": {"type": encoding}}})
    append(call, g711.encode(from_bytes(tone(440, 8_000, 1_000)), law))
    heard = from_bytes(call.sound)[1_600:]
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * 16_000 / len(heard) == pytest.approx(440, abs=2)
    assert np.abs(heard).max() == pytest.approx(8_000, rel=0.05)


def test_a_long_append_is_heard_in_pieces() -> None:
    call = Call()
    pieces = list(call.codec.read(bytes(24_000 * 2 * 3)))
    assert len(pieces) == 15
    sizes = [len(piece.pcm) for piece in pieces]  # type: ignore[union-attr]
    assert max(sizes) == 16_000 * 2 // 5


def test_much_sound_is_heard_bit_by_bit_and_others_have_their_turn() -> None:
    call = Call()
    pcm = tone(440, 24_000, 8_000)
    event = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()})
    read = list(call.codec.read(event))
    assert isinstance(read[0], Rest)
    sound = b"".join(item.pcm for item in read if isinstance(item, Sound))
    append(other := Call(), pcm[: len(pcm) // 2])
    append(other, pcm[len(pcm) // 2 :])
    assert sound == other.sound


@pytest.mark.parametrize("place", [0, 200_000, 500_000])
@pytest.mark.parametrize("bad", ["!", "="])
def test_of_much_that_is_not_base64_to_its_end_nothing_is_heard(place: int, bad: str) -> None:
    call = Call()
    audio = base64.b64encode(bytes(480_000)).decode()
    spoilt = audio[:place] + bad + audio[place + 1 :]
    refused = call.send("input_audio_buffer.append", event_id="e-1", audio=spoilt)
    assert refusal(refused) == ("invalid_value", "audio", "e-1")
    assert call.sound == b""


@pytest.mark.parametrize("audio", ["not base64!", "AAA", "AAAA====", "é"])
def test_what_is_not_base64_is_refused(audio: str) -> None:
    refused = Call().send("input_audio_buffer.append", event_id="e-1", audio=audio)
    assert refusal(refused) == ("invalid_value", "audio", "e-1")


def test_half_a_sample_is_refused() -> None:
    assert refusal(Call().send_raw(b"123"))[:2] == ("invalid_value", "audio")
