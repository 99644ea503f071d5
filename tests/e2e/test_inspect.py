"""The page of a captured session, in Chromium: it draws, it zooms, and it tells what is under the pointer."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.e2e.browser import launch
from tests.observing.captured import captured
from voice_server.observing.trace_file import read_trace
from voice_server.replaying.page_writer import page_of
from voice_server.replaying.picture import picture_of

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

STOP = "timeline.hits.find((hit) => hit.what.raw?.type === 'response.stop')"


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_shows_the_session(
    playwright: Playwright, tmp_path: Path, artefacts: Path, colours: Literal["light", "dark"]
) -> None:
    file = tmp_path / "page.html"
    file.write_text(page_of(picture_of(read_trace(_trace(tmp_path)))), encoding="utf-8")
    browser = launch(playwright)
    page = browser.new_page(viewport={"width": 1_400, "height": 1_200}, color_scheme=colours)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    page.wait_for_function("document.documentElement.dataset.ready && timeline.hits.length")
    assert page.locator(".turn").count() == 2
    assert page.locator(".turn b").first.inner_text() == "What time is it?"

    page.locator(".turn").first.click()
    page.wait_for_function("timeline.scale.to - timeline.scale.from < 10000")
    page.wait_for_function(STOP)
    for _ in range(20):  # the view may still be on its way to the turn
        place = page.evaluate(f"(({{x, end, top, bottom}}) => [(x + end) / 2, (top + bottom) / 2])({STOP})")
        page.locator("#lanes").hover(position={"x": place[0], "y": place[1]})
        if "response.stop" in page.locator("#tip").inner_text():
            break
        page.wait_for_timeout(100)
    assert "response.stop" in page.locator("#tip").inner_text()
    page.locator("#lanes").click(position={"x": place[0], "y": place[1]})
    assert '"reason": "barge_in"' in page.locator("#kept").inner_text()
    page.screenshot(path=artefacts / f"inspect-{colours}.png")

    before = page.evaluate("timeline.scale.to - timeline.scale.from")
    page.locator("#lanes").press("-")
    assert page.evaluate("timeline.scale.to - timeline.scale.from") > before
    page.get_by_role("button", name="All").click()
    assert page.evaluate("timeline.scale.from") == 0
    assert troubles == []
    browser.close()


def _trace(directory: Path) -> Path:
    """Captured in a thread: playwright has a loop of its own in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, captured(directory)).result()
