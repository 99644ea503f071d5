"""What the tests of the whole server share: ears, and a language-model server of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.server.language_server import LanguageServer
from tests.server.talking import Ears


@pytest.fixture(scope="module")
def ears(models_dir: Path) -> Ears:
    """Hear what a loudspeaker played."""
    return Ears(models_dir / "whisper-tiny.en")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def language_server() -> AsyncIterator[LanguageServer]:
    """Says what a test wants said."""
    server = LanguageServer()
    async with server.open():
        yield server
