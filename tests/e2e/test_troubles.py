"""What goes wrong, and the sentence that says so, against a scripted server."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from threading import Event

import pytest

from tests.e2e.conftest import OpenPage, Serve
from tests.e2e.scripted_server import Peer, ScriptedServer


@pytest.fixture
def voice(audio_dir: Path) -> Path:
    """Any voice."""
    return audio_dir / "speech" / "order_01.wav"


def greet(peer: Peer) -> None:
    """An ordinary session in which nothing happens."""
    peer.start()
    peer.stay()


def test_a_refused_microphone_leaves_the_text_box(open_page: OpenPage, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.start()
        assert peer.expect("user.text")["text"] == "Hello?"
        peer.say(1, "I can read you.")
        peer.send(
            "response.done", response=1, status="completed", text="I can read you.", heard="I can read you."
        )
        peer.stay()

    page = open_page(serve(script).url)
    page.start()
    assert "does not allow this page to use the microphone" in page.notice()
    page.shot("20-microphone-refused")
    page.type("Hello?")
    page.wait_words("heard", 4)


def test_a_busy_server_is_waited_for(open_page: OpenPage, serve: Serve, voice: Path) -> None:
    tries = 0

    def script(peer: Peer) -> None:
        nonlocal tries
        tries += 1
        if tries > 1:
            return greet(peer)
        peer.expect("session.start")
        peer.send("error", code="busy", message="The server is full.", fatal=True, retry_after_ms=2500)
        peer.connection.close(4429)

    page = open_page(serve(script).url, voice)
    page.page.click("#talk")
    assert "busy" in page.notice()
    assert page.page.inner_text(".countdown") in ("in 3 s", "in 2 s")
    page.shot("21-busy")
    page.wait_connected()
    assert page.page.locator(".notice").count() == 0


def test_a_wrong_key_leads_to_the_settings(open_page: OpenPage, serve: Serve, voice: Path) -> None:
    offered: list[str] = []

    def script(peer: Peer) -> None:
        request = peer.connection.request
        assert request is not None
        offered.append(request.headers["Sec-WebSocket-Protocol"])
        if "voice.key.right" in offered[-1]:
            return greet(peer)
        peer.connection.close(4401)

    page = open_page(serve(script).url, voice)
    page.page.click("#talk")
    assert "did not accept the access key" in page.notice()
    page.shot("22-wrong-key")
    page.page.click("text=Open settings")
    page.page.fill("[name=key]", "right")
    page.page.press("[name=key]", "Enter")
    page.start()
    assert offered == ["voice.v1", "voice.v1, voice.key.right"]
    assert page.page.locator(".notice").count() == 0


def test_webrtc_that_is_turned_off_leads_to_the_settings(open_page: OpenPage, serve: Serve) -> None:
    page = open_page(serve(greet).url)
    page.page.evaluate("delete window.RTCPeerConnection")
    page.page.click("#settings-open")
    page.page.select_option("[name=connection]", "webrtc")
    page.page.click("text=Done")
    page.page.click("#talk")
    assert "has WebRTC turned off" in page.notice()
    page.shot("27-webrtc-turned-off")
    page.page.click("text=Open settings")
    page.page.select_option("[name=connection]", "websocket")
    page.page.click("text=Done")
    page.page.click("#talk")
    page.wait_connected()


def test_a_server_that_does_not_speak_the_protocol(open_page: OpenPage, serve: Serve, voice: Path) -> None:
    def script(peer: Peer) -> None:
        peer.connection.send("<html>")
        peer.stay()

    page = open_page(serve(script).url, voice)
    page.page.click("#talk")
    assert "did not understand" in page.notice()
    page.shot("23-garbage")


def test_a_lost_connection_is_resumed(open_page: OpenPage, serve: Serve, voice: Path) -> None:
    calls: list[Peer] = []
    resumed: list[dict[str, object]] = []
    noticed = Event()

    def script(peer: Peer) -> None:
        calls.append(peer)
        if len(calls) == 1:
            peer.start()
            peer.send("transcript.final", turn=1, text="Before.", start_ms=0, end_ms=100)
            time.sleep(0.3)  # the message is on its way
            peer.connection.socket.shutdown(socket.SHUT_RDWR)
            return
        noticed.wait(10)
        resumed.append(peer.expect("session.resume"))
        peer.send("session.resumed", session=resumed[0]["session"], from_seq=3)
        peer.seq = 2
        peer.send("transcript.final", turn=2, text="After.", start_ms=0, end_ms=100)
        peer.stay()

    page = open_page(serve(script).url, voice)
    page.page.click("#talk")
    assert "connection to the server is lost" in page.notice()
    page.shot("24-lost")
    noticed.set()
    page.wait_connected()
    page.page.wait_for_selector("text=After.")
    assert page.page.locator(".turn.user p").all_inner_texts() == ["Before.", "After."]
    assert resumed[0]["last_seq"] == 2
    assert resumed[0]["token"] == "token"


def test_a_server_that_forgot_the_session_gets_a_new_one(
    open_page: OpenPage, voice: Path, audio_dir: Path
) -> None:
    def first(peer: Peer) -> None:
        peer.start()
        peer.send("transcript.final", turn=1, text="Before.", start_ms=0, end_ms=100)
        peer.stay()

    def second(peer: Peer) -> None:
        if peer.expect("")["type"] == "session.resume":
            return peer.connection.close(4404)
        peer.send(
            "session.started", session="new", token="t", config={}, heartbeat_ms=10_000, resume_window_ms=0
        )
        peer.send("transcript.final", turn=1, text="After.", start_ms=0, end_ms=100)
        peer.stay()

    with ScriptedServer(first) as server:
        page = open_page(server.url, voice)
        page.start()
        page.page.wait_for_selector("text=Before.")
    page.page.wait_for_selector("#connection[data-phase=waiting]")
    with ScriptedServer(second, server.port):
        page.page.wait_for_selector("text=After.")
        assert "no longer knows the conversation" in page.notice()
        page.shot("25-new-conversation")
        turns = page.page.locator("#turns p, #turns .break").all_inner_texts()
        assert turns == ["Before.", "A new conversation", "After."]


def test_an_insecure_page_says_so_and_can_be_typed_to(open_page: OpenPage, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.start()
        peer.expect("user.text")
        peer.say(1, "Typing works.")
        peer.send(
            "response.done", response=1, status="completed", text="Typing works.", heard="Typing works."
        )
        peer.stay()

    page = open_page(serve(script).url.replace("127.0.0.1", "voice.test"))
    assert "only to secure pages" in page.notice()
    page.type("Hello?")
    page.wait_words("heard", 2)
    assert "only to secure pages" in page.notice()
    page.shot("26-insecure")
    assert not [message for message in page.sent if message["type"] == "playback"]


def test_a_reloaded_page_goes_on_with_its_conversation(
    open_page: OpenPage, serve: Serve, voice: Path
) -> None:
    first: list[dict[str, object]] = []

    def script(peer: Peer) -> None:
        if not first:
            first.append(peer.start(capture=True))
            return peer.stay()
        first.append(peer.expect(""))
        peer.send("session.resumed", session=first[-1]["session"], from_seq=2, token="another")
        peer.send("transcript.final", turn=1, text="Still here.", start_ms=0, end_ms=100)
        peer.stay()

    page = open_page(serve(script).url, voice)
    page.start()
    page.page.reload()
    page.start()
    page.page.wait_for_selector("text=Still here.")
    assert [message["type"] for message in first] == ["session.start", "session.resume"]
    assert page.notice().startswith("The conversation from before this page was reloaded goes on.")
    page.shot("28-reloaded")


def test_a_conversation_that_is_written_down_says_so(open_page: OpenPage, serve: Serve, voice: Path) -> None:
    def script(peer: Peer) -> None:
        peer.start(capture=True)
        peer.expect("session.end")

    page = open_page(serve(script).url, voice)
    assert not page.page.is_visible("#captured")
    page.start()
    page.page.wait_for_selector("#captured")
    page.shot("29-recorded")
    page.page.click("#end")
    page.page.wait_for_selector("#captured", state="hidden")


def test_a_complaint_of_the_server_is_shown(open_page: OpenPage, serve: Serve, voice: Path) -> None:
    def script(peer: Peer) -> None:
        peer.start(voices=["ada", "nobody"])
        update = peer.expect("session.update")
        assert update["config"]["voice"] == "nobody"
        peer.send("error", code="bad_field", message="no such voice", fatal=False, field="config.voice")
        peer.stay()

    page = open_page(serve(script).url, voice)
    page.start()
    page.page.click("#settings-open")
    assert page.page.locator("[name=voice] option").all_inner_texts()[1:] == ["ada", "nobody"]
    page.page.select_option("[name=voice]", "nobody")
    page.page.click("text=Done")
    assert page.notice() == "The server says: no such voice. Change it under Settings."
    page.page.reload()
    assert page.page.input_value("[name=voice]") == "nobody"
