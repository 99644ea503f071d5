"""Chromium, the page, and what it talks to. `make e2e` runs these tests; without it they are left aside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.browser import launch
from tests.e2e.scripted_server import Script, ScriptedServer
from tests.e2e.voice_page import VoicePage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

REPOSITORY = Path(__file__).parents[2]
ASKED_FOR = bool(os.environ.get("VOICE_E2E"))

OpenPage = Callable[..., VoicePage]
Serve = Callable[[Script], ScriptedServer]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take minutes and need Chromium."""
    for item in items:
        if not ASKED_FOR and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.skip(reason="run by `make e2e`"))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver. Imported here, since only `make e2e` installs it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where pictures and measurements are kept."""
    directory = REPOSITORY / "artefacts" / "e2e"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(script)` starts a scripted server."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(ScriptedServer(script))


@pytest.fixture
def open_page(playwright: Playwright, artefacts: Path) -> Iterator[OpenPage]:
    """`open_page(url, microphone=None, loop=False, **context)` opens the page in a browser of its own."""
    with ExitStack() as stack:

        def open_one(
            url: str, microphone: Path | None = None, *, loop: bool = False, **context: Any
        ) -> VoicePage:
            browser: Browser = launch(playwright, microphone, loop=loop)
            stack.callback(browser.close)
            page = VoicePage(browser.new_page(**context), artefacts)
            stack.callback(page.close)
            page.open(url)
            return page

        yield open_one
