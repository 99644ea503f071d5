"""A second network on this machine, and a cable to it that can be pulled. Needs root and iproute2."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

OUTSIDE, INSIDE = "10.213.77.1", "10.213.77.2"


@dataclass(frozen=True, slots=True)
class Namespace:
    """`INSIDE` is its address, `OUTSIDE` ours as it sees it."""

    name: str
    cable: str

    def command(self, *arguments: str) -> list[str]:
        """To be run in it."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def pull_the_cable(self) -> None:
        """From now on nothing passes, and neither end is told."""
        _ip("link", "set", self.cable, "down")


@contextmanager
def network_namespace() -> Iterator[Namespace]:
    """Connected. Skips the test where there can be none."""
    if not shutil.which("ip"):
        pytest.skip("needs `ip` (Debian: apt-get install iproute2)")
    made = Namespace(f"voice{os.getpid()}", f"vo{os.getpid()}"[:15])
    try:
        _make(made)
        yield made
    finally:
        subprocess.run(["ip", "netns", "del", made.name], check=False, capture_output=True)


def _make(made: Namespace) -> None:
    try:
        _ip("netns", "add", made.name)
        _connect(made)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespace can be made here: {error.stderr.strip()}")


def _connect(made: Namespace) -> None:
    _ip("link", "add", made.cable, "type", "veth", "peer", "name", "cable", "netns", made.name)
    _ip("addr", "add", f"{OUTSIDE}/30", "dev", made.cable)
    _ip("link", "set", made.cable, "up")
    _ip("-n", made.name, "addr", "add", f"{INSIDE}/30", "dev", "cable")
    _ip("-n", made.name, "link", "set", "cable", "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
