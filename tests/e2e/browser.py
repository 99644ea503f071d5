"""Debian's Chromium, driven by playwright, with a WAV file for a microphone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",  # it refuses to run as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--host-resolver-rules=MAP voice.test 127.0.0.1",  # a name that is not localhost: an insecure page
)


def launch(playwright: Playwright, microphone: Path | None = None, *, loop: bool = False) -> Browser:
    """A browser whose microphone hears `microphone` once, from when it is opened, or over and over.

    Without one, the microphone is asked for as usual, and a page without permission does not get it.
    """
    heard = []
    if microphone:
        file = f"{microphone}{'' if loop else '%noloop'}"
        heard = ["--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={file}"]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *heard])
