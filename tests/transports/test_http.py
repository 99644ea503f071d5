"""What is not a conversation: health, readiness, and the page."""

from __future__ import annotations

import httpx

from tests.transports.caller import call
from tests.transports.house import House, open_house


async def _get(house: House, path: str) -> httpx.Response:
    base = house.url.replace("ws://", "http://").removesuffix("/v1/voice")
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        return await client.get(path)


async def test_a_server_that_takes_sessions_is_alive_and_ready() -> None:
    async with open_house() as house:
        alive, ready = await _get(house, "/healthz"), await _get(house, "/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "sessions": 0})


async def test_a_full_server_is_alive_but_not_ready() -> None:
    async with open_house(server={"max_sessions": 1}) as house, call(house.url) as caller:
        await caller.start()
        alive, ready = await _get(house, "/healthz"), await _get(house, "/readyz")
    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"status": "busy", "sessions": 1})


async def test_a_server_that_is_about_to_end_is_not_ready() -> None:
    async with open_house() as house:
        house.sessions.drain()
        assert (await _get(house, "/readyz")).status_code == 503


async def test_the_page_is_at_the_root_and_nothing_else_is() -> None:
    async with open_house() as house:
        page, nothing = await _get(house, "/"), await _get(house, "/v1/nothing")
    assert (page.status_code, nothing.status_code) == (200, 404)
    assert "text/html" in page.headers["content-type"]
