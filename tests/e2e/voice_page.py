"""The page as a person uses it, and a little of what only a test can see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.recording import Recording

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route, WebSocket

HERE = Path(__file__).parent
PATIENCE_MS = 30_000
LONGEST_ANSWER_MS = 90_000
Message = dict[str, Any]


class VoicePage:
    """One open page. Whatever goes wrong in its scripts fails the test, at `close`."""

    def __init__(self, page: Page, artefacts: Path) -> None:
        self.page = page
        self.received: list[Message] = []
        self.sent: list[Message] = []
        self.errors: list[str] = []
        self._artefacts = artefacts
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", self._watch)
        page.expose_function("noteCall", self._note_call)
        page.add_init_script(path=HERE / "call_watch.js")
        page.route("**/e2e/*.js", _serve_hook)

    def open(self, url: str) -> None:
        """Load the page."""
        self.page.goto(url)
        self.page.wait_for_selector("#stage[data-holder=idle]")

    def start(self) -> None:
        """Press the one button, and wait for the connection."""
        self.page.click("#talk")
        self.wait_connected()

    def wait_connected(self) -> None:
        """Until the page says so."""
        self.page.wait_for_selector("#connection[data-phase=open]")

    def wait_holder(self, *holders: str) -> None:
        """Until one of them has the floor."""
        self.page.wait_for_selector(",".join(f"#stage[data-holder={holder}]" for holder in holders))

    def type(self, text: str) -> None:
        """Send a typed turn."""
        self.page.fill("#text", text)
        self.page.press("#text", "Enter")

    def notice(self) -> str:
        """What is wrong, as the page says it; waits for it."""
        return str(self.page.inner_text(".notice p"))

    def words(self, state: str) -> list[str]:
        """The assistant's words in this state."""
        return [str(text) for text in self.page.locator(f".word[data-state={state}]").all_inner_texts()]

    def announced(self) -> str:
        """What was last read out to those who listen to the page."""
        return self.page.text_content("#announcer") or ""

    def shot(self, name: str) -> None:
        """Keep a picture of it."""
        self.page.screenshot(path=self._artefacts / f"{name}.png")

    def record(self) -> None:
        """Record what is played from here on. The page must have been opened with `bypass_csp=True`."""
        self.page.evaluate(
            "() => Promise.all([import('/app.js'), import('/e2e/hooks.js')])"
            ".then(([{ app }, { record }]) => record(app))"
        )

    def recording(self) -> Recording:
        """What was played since `record`."""
        return Recording(
            self.page.evaluate("() => import('/e2e/hooks.js').then((hooks) => hooks.recording())")
        )

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Until this holds. (The driver's own way to wait in the page is forbidden by the page's policy.)"""
        for _ in range(LONGEST_ANSWER_MS // 50):
            if condition():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"in vain; {self._story()}")

    def wait_words(self, state: str, count: int) -> None:
        """Until at least so many of the assistant's words are in this state."""
        self.wait_until(lambda: self.page.locator(f".word[data-state={state}]").count() >= count)

    def wait_message(self, kind: str, matches: Callable[[Message], bool] = lambda _: True) -> Message:
        """The first message of the server of this type that matches; waits for it."""

        def found() -> list[Message]:
            return [m for m in self.received if m["type"] == kind and matches(m)]

        self.wait_until(found)
        return found()[0]

    def close(self) -> None:
        """Close it, and complain of its errors."""
        self.page.context.close()
        assert not self.errors, self.errors

    def _story(self) -> str:
        kinds = [m["type"] for m in self.received if m["type"] not in ("ping", "pong", "response.text")]
        errors = [message for message in self.received if message["type"] == "error"]
        state = self.page.evaluate("() => import('/app.js').then(({ app }) => app.client?.connection)")
        return f"these messages came: {kinds}; errors: {errors}; connection: {state}"

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: _note(self.received, data))
        socket.on("framesent", lambda data: _note(self.sent, data))

    def _note_call(self, received: bool, data: str) -> None:
        _note(self.received if received else self.sent, data)


def _note(log: list[Message], data: str | bytes) -> None:
    if isinstance(data, str) and data.startswith("{"):
        log.append(json.loads(data))


def _serve_hook(route: Route) -> None:
    route.fulfill(path=HERE / route.request.url.rsplit("/", 1)[1], content_type="text/javascript")
