"""The proxy's configuration in the documentation is the one that the cluster runs with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
BLOCK = re.compile(r"```nginx\n(.*?)```", re.DOTALL)


def shown() -> list[str]:
    return BLOCK.findall((REPOSITORY / "docs/howto/proxies.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("block", shown())
def test_each_block_is_in_the_tested_file(block: str) -> None:
    assert block in (REPOSITORY / "voice_server/bench/nginx.conf").read_text(encoding="utf-8")


def test_there_are_such_blocks() -> None:
    assert len(shown()) == 2
