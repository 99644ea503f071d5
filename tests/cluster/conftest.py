"""Two servers, their Redis and nginx. `make cluster-test` runs these tests; else they are left aside."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from voice_server.bench.cluster import Cluster, cluster

ASKED_FOR = bool(os.environ.get("VOICE_CLUSTER"))
HEARTBEAT_MS = 1_000
SETTINGS = f"""
[session]
heartbeat_ms = {HEARTBEAT_MS}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take minutes, and need redis-server and nginx."""
    for item in items:
        if not ASKED_FOR and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.skip(reason="run by `make cluster-test`"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[Cluster]:
    """All of it, for every test of a module: models take seconds to load."""
    async with cluster(2, print, SETTINGS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def whole(house: Cluster) -> Cluster:
    """With both servers running, whatever a test before this one did to them."""
    for member in house.members:
        if member.pid is None:
            await member.start()
    return house
