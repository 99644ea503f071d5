"""The web client's own tests, run by Node: they need no browser and no packages."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed; `make web-check` needs it too")
def test_web_client() -> None:
    assert NODE is not None
    tests = sorted(HERE.glob("*.test.js"))
    assert tests
    run = subprocess.run([NODE, "--test", *tests], capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-5_000:]
