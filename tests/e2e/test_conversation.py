"""The page and the real server, with recordings of people for a microphone."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from faster_whisper import WhisperModel

from tests.e2e.conftest import OpenPage
from tests.e2e.real_server import RealServer
from tests.e2e.recording import Mark, Recording
from tests.e2e.voice_page import VoicePage
from voice_server.audio.pcm import Pcm, to_float
from voice_server.bench.words import word_errors

pytestmark = pytest.mark.models

STORY = "Tell me a long story about a dog and a cat who live on a farm."
SILENT_WITHIN_S = 0.1
LOUD = 1_000  # of 32 768
INPUT_HZ = 16_000

Measure = Callable[..., None]


@pytest.fixture(scope="session")
def server(artefacts: Path, models_dir: Path) -> Iterator[RealServer]:
    """The server, with the default models."""
    assert models_dir.exists()
    server = RealServer(artefacts / "server.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def measure(artefacts: Path) -> Measure:
    """`measure(name, value=…)` keeps a number beside the pictures."""
    file = artefacts / "measurements.json"
    kept: dict[str, Any] = {}

    def keep(name: str, **values: object) -> None:
        kept[name] = values
        file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")

    return keep


@pytest.fixture
def speech(audio_dir: Path) -> Callable[[str], Path]:
    """`speech(name)` is the file of this recording."""
    return lambda name: audio_dir / "speech" / f"{name}.wav"


def said(page: VoicePage) -> str:
    """What the page shows that the user said first."""
    return str(page.page.locator(".turn.user p").first.inner_text())


def test_a_whole_turn(
    open_page: OpenPage,
    server: RealServer,
    speech: Callable[[str], Path],
    models_dir: Path,
    measure: Measure,
) -> None:
    page = open_page(server.url, speech("order_10"), bypass_csp=True)
    page.start()
    page.record()
    page.wait_holder("agent")
    page.shot("40-assistant-answers")
    done = page.wait_message("response.done")
    page.wait_holder("open")
    page.page.wait_for_selector("#waterfall tr")
    page.shot("41-answered")
    assert done["status"] == "completed"
    errors, _ = word_errors(
        "Make me a double shot twelve ounce cappuccino with a bit of soy milk.", said(page)
    )
    assert errors <= 3
    assert " ".join(page.words("heard")) == " ".join(done["text"].split())

    recording = page.recording()
    spoken = transcribe(recording.samples, recording.rate_hz, models_dir)
    errors, words = word_errors(done["text"], spoken)
    measure("whole turn", text=done["text"], played=spoken, word_errors=errors, words=words,
            turn_gap=page.page.inner_text("#turn-gap"), latency=done["latency"])  # fmt: skip
    assert errors <= max(2, 0.25 * words), (done["text"], spoken)


def transcribe(samples: Pcm, rate_hz: int, models_dir: Path) -> str:
    """What a listener hears in it."""
    whisper = WhisperModel(str(models_dir / "whisper-tiny.en"), device="cpu", compute_type="int8")
    sound = soxr.resample(to_float(samples), rate_hz, INPUT_HZ)
    segments, _ = whisper.transcribe(sound, language="en", vad_filter=True)
    return " ".join(segment.text for segment in segments)


def test_a_barge_in(
    open_page: OpenPage,
    server: RealServer,
    speech: Callable[[str], Path],
    tmp_path: Path,
    measure: Measure,
) -> None:
    """The user speaks every few seconds, whoever else does: sooner or later over an answer."""
    microphone = tmp_path / "insistent.wav"
    write_wav(microphone, [speech("order_12"), 1.5])
    page = open_page(server.url, microphone, loop=True, bypass_csp=True)
    page.start()
    page.record()
    page.type(STORY)
    page.wait_message("response.stop", lambda m: m["reason"] == "barge_in")
    page.page.wait_for_selector(".word[data-state=cut]")
    page.shot("42-barge-in")
    done = page.wait_message("response.done", lambda m: m["status"] == "interrupted" and m["heard"])
    response = done["response"]
    page.page.wait_for_timeout(500)
    page.shot("43-interrupted")
    page.page.wait_for_function("document.querySelector('#barge-in').innerText.endsWith(' ms')")
    recording = page.recording()
    stops = [m for m in recording.marks if (m.type, m.response) == ("response.stop", response)]
    silent_s = silence_after(recording, stops[-1], response)  # others before it were taken back
    measure("barge-in", silent_ms=round(1000 * silent_s), meter=page.page.inner_text("#barge-in"))
    assert silent_s <= SILENT_WITHIN_S
    reports = [m for m in page.sent if m["type"] == "playback" and m["response"] == response]
    assert reports, "the page reported nothing"
    assert done["text"].startswith(done["heard"])


def silence_after(recording: Recording, mark: Mark, response: int) -> float:
    """How long after this the response still sounded."""
    later = [m.time_s for m in recording.marks if m.time_s > mark.time_s and m.type in SOUND_BEGINS]
    end_s = min([*later, recording.start_s + len(recording.samples) / recording.rate_hz])
    begun = [m.time_s for m in recording.marks if (m.type, m.response) == ("response.started", response)]
    before = recording.between(max([recording.start_s, *begun]), mark.time_s)
    assert np.abs(before).max() > LOUD, "it did not sound at all"
    return recording.silent_after_s(mark.time_s, end_s)


SOUND_BEGINS = ("response.resume", "response.started")


def write_wav(file: Path, parts: list[Path | float]) -> None:
    """Recordings one after the other, and silences of so many seconds."""
    with wave.open(str(file), "wb") as joined:
        joined.setparams((1, 2, INPUT_HZ, 0, "NONE", ""))
        for part in parts:
            if isinstance(part, Path):
                with wave.open(str(part), "rb") as recording:
                    joined.writeframes(recording.readframes(recording.getnframes()))
            else:
                joined.writeframes(bytes(2 * round(part * INPUT_HZ)))


def test_a_typed_turn_and_the_stop_button(open_page: OpenPage, server: RealServer, measure: Measure) -> None:
    page = open_page(server.url, bypass_csp=True)
    page.type(STORY)
    page.wait_connected()
    page.record()
    page.wait_holder("agent")
    page.wait_words("heard", 3)
    page.page.click("#stop")
    done = page.wait_message("response.done")
    page.wait_holder("open")
    page.shot("44-stopped")
    assert done["status"] == "interrupted"
    assert page.wait_message("response.stop")["reason"] == "client"
    recording = page.recording()
    silent_s = silence_after(recording, recording.mark("click"), done["response"])
    measure("stop button", silent_ms=round(1000 * silent_s))
    assert silent_s <= SILENT_WITHIN_S
    assert page.words("heard") == done["heard"].split()
    assert page.words("cut")


def test_typing_over_the_answer_replaces_it(open_page: OpenPage, server: RealServer) -> None:
    page = open_page(server.url)
    page.type(STORY)
    page.wait_words("heard", 2)
    page.type("What is the capital of France?")
    first = page.wait_message("response.done")
    assert first["status"] == "interrupted"
    second = page.wait_message("response.done", lambda m: m["response"] != first["response"])
    assert second["status"] == "completed"
    page.shot("45-replaced")


def test_it_comes_back_after_the_server_was_killed(
    open_page: OpenPage, server: RealServer, speech: Callable[[str], Path]
) -> None:
    page = open_page(server.url, speech("cmd_what_time"))
    page.start()
    page.wait_words("heard", 1)
    server.kill()
    page.page.wait_for_selector("#connection[data-phase=waiting]")
    assert "lost" in page.notice()
    page.shot("46-server-gone")
    server.start()
    page.wait_connected()
    page.shot("47-server-back")
    assert said(page)
    page.type("Are you there?")
    page.wait_message("response.done")


def test_a_refused_microphone(open_page: OpenPage, server: RealServer) -> None:
    page = open_page(server.url)
    page.start()
    assert "does not allow this page to use the microphone" in page.notice()
    page.type("Say hello.")
    assert page.wait_message("response.done")["status"] == "completed"


def test_the_keyboard_alone(open_page: OpenPage, server: RealServer, speech: Callable[[str], Path]) -> None:
    page = open_page(server.url, speech("cmd_weather_ny"))
    keys = page.page.keyboard
    for _ in range(4):
        keys.press("Tab")
        if page.page.evaluate("document.activeElement.id") == "talk":
            break
    keys.press("Enter")
    page.wait_words("heard", 2)
    keys.press("Escape")
    assert page.wait_message("response.done")["status"] == "interrupted"
