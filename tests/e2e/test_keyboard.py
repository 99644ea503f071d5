"""Everything with the keyboard alone, against a scripted server."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from tests.e2e.conftest import OpenPage, Serve
from tests.e2e.scripted_server import Peer
from tests.e2e.voice_page import VoicePage

LONG = "This answer is long enough to be stopped before it comes to its end by itself."


def focused(page: VoicePage) -> str:
    """The id of the element that has the focus."""
    return str(page.page.evaluate("document.activeElement.id"))


def tab_to(page: VoicePage, target: str) -> list[str]:
    """Press Tab until the element has the focus. Returns what was passed."""
    passed: list[str] = []
    while focused(page) != target:
        assert len(passed) < 20, passed
        page.page.keyboard.press("Tab")
        passed.append(focused(page))
    return passed


def test_a_whole_conversation(open_page: OpenPage, serve: Serve, audio_dir: Path) -> None:
    heard = Event()

    def script(peer: Peer) -> None:
        config = peer.start()["config"]
        assert config["instructions"] == "Be brief."
        peer.expect("user.text")
        peer.say(1, LONG)
        peer.expect("interrupt")
        peer.send("response.stop", response=1, reason="client", at_ms=0)
        peer.send(
            "response.done", response=1, status="interrupted", text=LONG, heard="This answer", latency={}
        )
        heard.set()
        peer.expect("session.end")

    page = open_page(serve(script).url, audio_dir / "speech" / "order_01.wav")
    keys = page.page.keyboard
    tab_to(page, "settings-open")
    keys.press("Enter")
    keys.press("Tab")
    keys.type("Be brief.")
    keys.press("Escape")
    assert not page.page.is_visible("#settings")
    assert tab_to(page, "talk") == ["talk"]
    page.shot("30-focus")
    keys.press("Enter")
    page.wait_connected()
    passed = tab_to(page, "text")
    assert passed == ["conversation", "", "text"]  # the numbers' summary has no id
    keys.type("Tell me something long.")
    keys.press("Enter")
    page.wait_holder("agent")
    assert focused(page) == "text"
    keys.press("Escape")
    assert heard.wait(10)
    page.wait_holder("open")
    assert page.words("heard") == ["This", "answer"]
    page.page.evaluate("document.activeElement.blur()")
    tab_to(page, "end")
    keys.press("Enter")
    page.wait_holder("idle")
    assert focused(page) == "talk"
    assert page.page.locator(".notice").count() == 0


def test_push_to_talk_on_the_space_bar(open_page: OpenPage, serve: Serve, audio_dir: Path) -> None:
    peers: list[Peer] = []

    def script(peer: Peer) -> None:
        assert peer.start()["config"]["turn"]["mode"] == "manual"
        peers.append(peer)
        peer.expect("turn.start")
        peer.send("speech.started", turn=1, at_ms=0)
        peer.stay()

    page = open_page(serve(script).url, audio_dir / "speech" / "order_10.wav", loop=True)
    page.page.click("#settings-open")
    page.page.check("[name=pushToTalk]")
    page.page.keyboard.press("Escape")
    page.start()
    page.page.wait_for_selector("#talk[data-mode=hold]")
    page.wait_until(lambda: peers[0].heard_ms > 1000)
    assert not any(peers[0].last_frame)
    page.page.evaluate("document.activeElement.blur()")
    page.page.keyboard.down("Space")
    page.wait_holder("user")
    page.wait_until(lambda: any(peers[0].last_frame))
    page.shot("31-push-to-talk")
    page.page.keyboard.up("Space")
    page.wait_until(lambda: not any(peers[0].last_frame))
    page.page.focus("#talk")
    page.page.keyboard.down("Space")
    page.page.keyboard.up("Space")
    page.page.focus("#text")
    page.page.keyboard.type("a b")
    assert page.page.input_value("#text") == "a b"
    turns = [message["type"] for message in page.sent if message["type"].startswith("turn.")]
    assert turns == ["turn.start", "turn.commit"] * 2


def test_the_space_bar_on_other_buttons_is_theirs(open_page: OpenPage, serve: Serve, audio_dir: Path) -> None:
    def script(peer: Peer) -> None:
        peer.start()
        peer.stay()

    page = open_page(serve(script).url, audio_dir / "speech" / "order_01.wav")
    page.page.focus("#talk")
    page.page.keyboard.press("Space")
    page.wait_connected()
    page.page.wait_for_selector("#talk[data-mode=mute]")
    page.page.keyboard.press("Space")
    page.page.wait_for_selector("#talk[data-mode=unmute]")
    assert page.page.get_attribute("#talk", "aria-label") == "Muted. Unmute"
    page.shot("32-muted")
