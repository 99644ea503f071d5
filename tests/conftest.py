"""Fixtures that any test may ask for: where the model files and the recordings are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent

Recording = dict[str, Any]
"""One row of `tests/audio/manifest.jsonl`; its README says what the fields mean."""


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The directory of the fetched models. Tests that ask for it carry `@pytest.mark.models`."""
    directory = Path(os.environ.get("VOICE_SERVER_MODELS_DIR") or REPOSITORY / "models")
    if not any(directory.glob("*/")):
        pytest.fail(f"no model files in {directory}: run `make setup` or `voice-server models fetch` first")
    return directory


@pytest.fixture(scope="session")
def audio_dir() -> Path:
    """The directory of the test recordings: 16 kHz mono 16-bit WAV."""
    return REPOSITORY / "tests" / "audio"


@pytest.fixture(scope="session")
def recordings(audio_dir: Path) -> Callable[..., list[Recording]]:
    """`recordings("speech", "long")` gives the rows of these kinds; without arguments, all."""
    lines = (audio_dir / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows: list[Recording] = [json.loads(line) for line in lines]

    def of_kinds(*kinds: str) -> list[Recording]:
        return [row for row in rows if not kinds or row["kind"] in kinds]

    return of_kinds
