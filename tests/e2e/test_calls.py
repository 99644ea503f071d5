"""The page by WebRTC: the same conversation, over another way."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.conftest import OpenPage
from tests.e2e.real_server import RealServer
from tests.e2e.voice_page import VoicePage
from voice_server.bench.words import word_errors

pytestmark = pytest.mark.models

LOUD = 1_000  # of 32 768
SILENT_WITHIN_S = 0.1
STORY = "Tell me a long story about a dog and a cat who live on a farm."


@pytest.fixture(scope="module")
def server(artefacts: Path, models_dir: Path) -> Iterator[RealServer]:
    """The server, with the default models."""
    assert models_dir.exists()
    server = RealServer(artefacts / "calls.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def sessions(server: RealServer) -> int:
    """How many the server has."""
    with urllib.request.urlopen(f"{server.url}readyz") as answer:
        return int(json.load(answer)["sessions"])


def choose_webrtc(page: VoicePage) -> None:
    """In the settings, as a person does."""
    page.page.click("#settings-open")
    page.page.select_option("[name=connection]", "webrtc")
    page.shot("60-webrtc-chosen")
    page.page.click("text=Done")


def test_a_whole_turn_by_webrtc(open_page: OpenPage, server: RealServer, audio_dir: Path) -> None:
    page = open_page(server.url, audio_dir / "speech" / "order_10.wav", bypass_csp=True)
    choose_webrtc(page)
    page.start()
    page.record()
    page.wait_holder("agent")
    page.wait_words("heard", 3)
    page.shot("61-assistant-answers-by-webrtc")
    done = page.wait_message("response.done")
    page.wait_holder("open")
    page.page.wait_for_selector("#waterfall tr")
    page.shot("62-answered-by-webrtc")
    assert done["status"] == "completed"
    said = page.page.locator(".turn.user p").first.inner_text()
    asked = "Make me a double shot twelve ounce cappuccino with a bit of soy milk."
    assert word_errors(asked, said)[0] <= 3
    page.wait_until(lambda: page.words("heard") == done["text"].split())
    recording = page.recording()
    assert np.count_nonzero(np.abs(recording.samples) > LOUD) > recording.rate_hz / 10, "it could be heard"
    response = done["response"]
    reports = [m["played_ms"] for m in page.sent if m["type"] == "playback" and m["response"] == response]
    assert len(reports) > 2
    assert reports[-1] == max(reports), "all of it"
    assert page.page.inner_text("#turn-gap").endswith(" ms")
    page.page.click("#end")
    page.page.wait_for_selector("#connection[data-phase=closed]")
    page.wait_until(lambda: sessions(server) == 0)


def test_the_stop_button_silences_a_call_at_once(open_page: OpenPage, server: RealServer) -> None:
    page = open_page(server.url, bypass_csp=True)
    choose_webrtc(page)
    page.type(STORY)
    page.wait_connected()
    page.record()
    page.wait_words("heard", 3)
    page.page.click("#stop")
    done = page.wait_message("response.done")
    page.wait_holder("open")
    page.shot("63-stopped-by-webrtc")
    assert done["status"] == "interrupted"
    assert page.wait_message("response.stop")["reason"] == "client"
    assert page.words("heard") == done["heard"].split()
    assert page.words("cut")
    recording = page.recording()
    click_s = recording.mark("click").time_s
    assert np.abs(recording.between(recording.start_s, click_s)).max() > LOUD
    after_s = recording.silent_after_s(click_s, click_s + 0.5)
    assert after_s - recording.latency_s <= SILENT_WITHIN_S, (after_s, recording.latency_s)


def test_a_muted_caller_is_not_heard(open_page: OpenPage, server: RealServer, audio_dir: Path) -> None:
    page = open_page(server.url, audio_dir / "speech" / "order_10.wav", loop=True)
    choose_webrtc(page)
    page.start()
    page.wait_holder("user")
    page.page.click("#talk")
    page.page.wait_for_selector("#talk[data-mode=unmute]")
    page.wait_message("speech.stopped")
    heard = len([m for m in page.received if m["type"] == "speech.started"])
    page.page.wait_for_timeout(6_000)  # longer than the recording, which goes on
    assert len([m for m in page.received if m["type"] == "speech.started"]) == heard
    page.shot("64-muted-by-webrtc")
    page.page.click("#talk")
    page.wait_until(lambda: len([m for m in page.received if m["type"] == "speech.started"]) > heard)
