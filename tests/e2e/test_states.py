"""What one sees while a conversation goes on, against a scripted server."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest

from tests.e2e.conftest import OpenPage, Serve
from tests.e2e.scripted_server import Peer

ANSWER = "One double shot cappuccino with soy milk, coming right up. Would you like anything else with that?"
LATENCY = {
    "transcript_final": 96,
    "turn_end": 214,
    "first_token": 141,
    "first_clause": 189,
    "first_audio": 242,
    "first_playback": 268,
}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture
def order(audio_dir: Path) -> Path:
    """Somebody orders a coffee."""
    return audio_dir / "speech" / "order_10.wav"


def hear_order(peer: Peer, pause: Event) -> None:
    """The user's side of a turn."""
    time.sleep(1)  # as long as that takes to say
    peer.send("speech.started", turn=1, at_ms=500)
    peer.send("transcript.partial", turn=1, text="Make me a double shot twelve", stable=16)
    pause.wait(10)
    peer.send("speech.stopped", turn=1, at_ms=peer.heard_ms - 200)
    text = "Make me a double shot twelve ounce cappuccino with soy milk."
    peer.send("transcript.final", turn=1, text=text, start_ms=500, end_ms=1800)


def test_words_appear_light_up_and_are_struck_out(open_page: OpenPage, serve: Serve, order: Path) -> None:
    partial_seen, cut = Event(), Event()

    def script(peer: Peer) -> None:
        peer.start()
        hear_order(peer, partial_seen)
        peer.say(1, ANSWER)
        cut.wait(10)
        peer.send("speech.started", turn=2, at_ms=peer.heard_ms - 60)
        peer.send("response.stop", response=1, reason="barge_in", at_ms=peer.heard_ms - 60)
        played_ms = peer.expect("playback")["played_ms"]
        cut.clear()
        cut.wait(10)
        heard = " ".join(ANSWER.split()[: played_ms // 250])
        peer.send(
            "response.done", response=1, status="interrupted", text=ANSWER, heard=heard, latency=LATENCY
        )
        peer.send("transcript.partial", turn=2, text="And a big", stable=5)
        peer.stay()

    page = open_page(serve(script).url, order)
    page.shot("01-ready")
    page.start()
    page.wait_holder("user")
    assert page.page.inner_text(".turn.user .stable") == "Make me a double"
    assert page.page.inner_text(".turn.user .unstable").strip() == "shot twelve"
    page.page.wait_for_timeout(500)
    page.shot("02-user-speaks")
    partial_seen.set()
    page.wait_holder("agent")
    page.wait_words("heard", 4)
    page.shot("03-assistant-speaks")
    assert len(page.words("sounding")) == 1
    heard = page.words("heard")
    assert heard == ANSWER.split()[: len(heard)]
    assert len(page.words("pending")) > 5
    cut.set()
    page.wait_holder("contested")
    page.page.wait_for_selector(".word[data-state=cut]")
    assert not page.words("pending")
    page.shot("04-contested")
    cut.set()
    page.wait_holder("user")
    page.page.wait_for_selector("#waterfall tr")
    assert page.page.inner_text(".note") == "— interrupted"
    for meter in ("#turn-gap", "#barge-in"):
        assert page.page.inner_text(meter).endswith(" ms"), meter
    page.shot("05-interrupted")


def test_a_false_alarm_goes_on_at_the_right_sample(open_page: OpenPage, serve: Serve, order: Path) -> None:
    stop, resume = Event(), Event()

    def script(peer: Peer) -> None:
        peer.start()
        peer.say(1, ANSWER)
        stop.wait(10)
        peer.send("response.stop", response=1, reason="barge_in", at_ms=1000)
        resume.wait(10)
        peer.send("response.resume", response=1, position=22_050)  # at 1 s: the fifth word
        end = peer.tone(1, 22_050, 500, last=True)
        while peer.expect("playback")["played_ms"] != end * 1000 // 22_050:
            pass
        peer.send("response.done", response=1, status="completed", text=ANSWER, heard=ANSWER, latency={})
        peer.stay()

    page = open_page(serve(script).url, order)
    page.start()
    page.wait_holder("agent")
    page.wait_words("heard", 6)
    stop.set()
    page.wait_holder("contested")
    page.page.wait_for_selector(".word[data-state=cut]")
    resume.set()
    page.wait_holder("agent")
    page.wait_holder("open")
    assert page.words("heard") == ANSWER.split()
    assert page.page.get_attribute("#stop", "aria-disabled") == "true"


def test_what_was_no_turn_is_set_aside(open_page: OpenPage, serve: Serve, order: Path) -> None:
    def script(peer: Peer) -> None:
        peer.start()
        peer.say(1, ANSWER)
        peer.send("speech.started", turn=2, at_ms=100)
        peer.send("response.stop", response=1, reason="barge_in", at_ms=100)
        peer.send("transcript.partial", turn=2, text="Mm-hmm.", stable=0)
        peer.send("speech.stopped", turn=2, at_ms=400)
        peer.send("response.resume", response=1, position=0)
        peer.tone(1, 0, 2000)
        peer.stay()

    page = open_page(serve(script).url, order)
    page.start()
    page.wait_holder("agent")
    assert page.page.inner_text(".turn.aside p") == "Mm-hmm."
    page.shot("06-backchannel")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(open_page: OpenPage, serve: Serve, order: Path, scheme: str) -> None:
    spoken = Event()
    spoken.set()

    def script(peer: Peer) -> None:
        peer.start()
        hear_order(peer, spoken)
        position = peer.say(1, ANSWER, lead_words=9)
        peer.send("response.done", response=1, status="completed", text=ANSWER, heard=ANSWER, latency=LATENCY)
        assert position > 0
        peer.stay()

    page = open_page(serve(script).url, order, color_scheme=scheme, **PHONE)
    page.start()
    page.wait_words("heard", 4)
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["viewport"]["width"]  # type: ignore[index]
    page.shot(f"07-phone-{scheme}")
    page.page.click("summary")
    page.shot(f"08-phone-{scheme}-meter")
    page.page.click("#settings-open")
    page.shot(f"09-phone-{scheme}-settings")


def test_dark(open_page: OpenPage, serve: Serve, order: Path) -> None:
    spoken = Event()
    spoken.set()

    def script(peer: Peer) -> None:
        peer.start()
        hear_order(peer, spoken)
        peer.say(1, ANSWER)
        peer.stay()

    page = open_page(serve(script).url, order, color_scheme="dark")
    page.start()
    page.wait_words("heard", 4)
    page.shot("10-dark")
    background = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(18, 19, 22)"


def test_only_whole_turns_are_read_out(open_page: OpenPage, serve: Serve, order: Path) -> None:
    spoken, done = Event(), Event()

    def script(peer: Peer) -> None:
        peer.start()
        hear_order(peer, spoken)
        done.wait(10)
        peer.say(1, "Here you are.")
        peer.send(
            "response.done", response=1, status="completed", text="Here you are.", heard="Here you are."
        )
        peer.stay()

    page = open_page(serve(script).url, order)
    page.start()
    page.wait_holder("user")
    assert page.announced() == ""
    spoken.set()
    page.wait_until(lambda: page.announced().startswith("You: Make"))
    done.set()
    page.wait_until(lambda: page.announced() == "Assistant: Here you are.")
    assert page.page.get_attribute("#announcer", "aria-live") == "polite"
    assert page.page.locator("[aria-live] .word, [role=log] .word").count() == 0


def test_sound_that_the_browser_holds_back_waits_for_a_gesture(
    open_page: OpenPage, serve: Serve, order: Path
) -> None:
    held = Event()
    reports: list[int] = []

    def script(peer: Peer) -> None:
        peer.start()
        held.wait(10)
        peer.say(1, "You hear this later.")
        reports.append(peer.expect("playback")["played_ms"])
        while reports[-1] != 1000:
            reports.append(peer.expect("playback")["played_ms"])
        peer.stay()

    page = open_page(serve(script).url, order, bypass_csp=True)
    page.start()
    page.record()  # waits for the loudspeaker
    page.page.evaluate(
        "() => import('/app.js').then(({ app }) => app.client.loudspeaker.output.context.suspend())"
    )
    assert "holds back the sound" in page.notice()
    held.set()
    page.wait_until(lambda: len(page.words("pending")) == 4 and reports)
    page.shot("11-held-back")
    page.page.keyboard.press("Shift")
    page.wait_words("heard", 4)
    page.wait_until(lambda: reports[-1] == 1000)
    assert reports[0] == 0
    assert page.page.locator(".notice").count() == 0
