"""Fixtures that any test may ask for: where the model files and the recordings are."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ
from voice_server.client.wav import read_wav
from voice_server.runtime.inference import ThreadWorkers

REPOSITORY = Path(__file__).parent.parent

Recording = dict[str, Any]
"""One row of `tests/audio/manifest.jsonl`; its README says what the fields mean."""


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers of the tests keep their sessions where nobody else's are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The directory of the fetched models. Tests that ask for it carry `@pytest.mark.models`."""
    directory = Path(os.environ.get("VOICE_SERVER_MODELS_DIR") or REPOSITORY / "models")
    if not any(directory.glob("[!.]*/")):
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


@pytest.fixture(scope="session")
def sound(audio_dir: Path) -> Callable[[str], Pcm]:
    """`sound("speech/cmd_date.wav")` gives the samples of a recording."""
    return lambda path: read_wav(audio_dir / path, INPUT_HZ).samples


@pytest.fixture(scope="session")
def workers() -> Iterator[ThreadWorkers]:
    """Two threads for the models."""
    threads = ThreadWorkers(2)
    yield threads
    threads.close()


SetProxy = Callable[[str], None]


@pytest.fixture
def set_proxy(monkeypatch: pytest.MonkeyPatch) -> SetProxy:
    """Have the environment name this proxy for every request by HTTP, without exceptions."""

    def set_it(url: str) -> None:
        monkeypatch.setenv("http_proxy", url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)

    return set_it


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting, lets the loop's time jump to the next timer."""

    now_s = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and no timer is set: this would hang for ever")
        self.now_s += max(0.0, timeout)
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps. For code whose only outside world is time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


RunVirtual = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def run_virtual() -> RunVirtual:
    """Run a coroutine to its end in virtual time: a minute of sleeping takes no time, always the same."""

    def run(work: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
            runner.run(work)

    return run
