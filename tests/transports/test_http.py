"""What is not a conversation: health, readiness, and the page."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.observing.captured import trace_in
from tests.transports.caller import call
from tests.transports.house import House, open_house
from tests.transports.listening import until


async def _get(house: House, path: str) -> httpx.Response:
    return await _ask(house, "GET", path)


async def _ask(house: House, method: str, path: str, key: str = "") -> httpx.Response:
    base = house.url.replace("ws://", "http://").removesuffix("/v1/voice")
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        return await client.request(method, path, headers={"Authorization": f"Bearer {key}"} if key else {})


async def test_a_server_that_takes_sessions_is_alive_and_ready() -> None:
    async with open_house() as house:
        alive, ready = await _get(house, "/healthz"), await _get(house, "/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "sessions": 0, "store": "ready"})


async def test_a_full_server_is_alive_but_not_ready() -> None:
    async with open_house(server={"max_sessions": 1}) as house, call(house.url) as caller:
        await caller.start()
        alive, ready = await _get(house, "/healthz"), await _get(house, "/readyz")
    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"status": "busy", "sessions": 1, "store": "ready"})


async def test_a_server_that_is_about_to_end_is_not_ready() -> None:
    async with open_house() as house:
        house.sessions.drain()
        assert (await _get(house, "/readyz")).status_code == 503


async def test_the_page_is_at_the_root_and_nothing_else_is() -> None:
    async with open_house() as house:
        page, nothing = await _get(house, "/"), await _get(house, "/v1/nothing")
    assert (page.status_code, nothing.status_code) == (200, 404)
    assert "text/html" in page.headers["content-type"]


# ── sessions ──


async def test_what_was_said_in_a_session_can_be_read_and_deleted_with_a_key() -> None:
    async with open_house(server={"keys": ["key"]}) as house, call(house.url, key="key") as caller:
        started = await caller.start()
        await caller.answered("Hello.")
        path = f"/v1/sessions/{started['session']}"
        assert (await _ask(house, "GET", path)).status_code == 401
        assert (await _ask(house, "DELETE", path, "wrong")).status_code == 401
        history = (await _ask(house, "GET", path, "key")).json()
        assert [message["content"] for message in history["messages"]] == ["Hello.", "All right, I am on it."]
        assert (await _ask(house, "DELETE", path, "key")).status_code == 204
        assert (await caller.next("session.ended"))["reason"] == "deleted"
        assert await caller.close_code() == 1000
        assert (await _ask(house, "GET", path, "key")).status_code == 404
        assert (await _ask(house, "DELETE", path, "key")).status_code == 404


async def test_the_history_of_a_session_whose_server_restarted_is_still_there(tmp_path: Path) -> None:
    store = {"path": tmp_path / "sessions.db"}
    async with open_house(store=store) as house, call(house.url) as caller:
        session = (await caller.start())["session"]
        await caller.answered("Hello.")
        house.sessions.drain()
        assert await caller.close_code() == 1012
        await until(lambda: len(house.sessions) == 0)
    async with open_house(store=store) as house:
        history = (await _get(house, f"/v1/sessions/{session}")).json()
        assert [message["content"] for message in history["messages"]] == ["Hello.", "All right, I am on it."]
        assert (await _ask(house, "DELETE", f"/v1/sessions/{session}")).status_code == 204
        assert (await _get(house, f"/v1/sessions/{session}")).status_code == 404


async def test_the_capture_of_a_session_is_deleted_with_it(tmp_path: Path) -> None:
    async with open_house(capture={"dir": tmp_path}) as house, call(house.url) as caller:
        session = (await caller.start())["session"]
        await caller.answered("Hello.")
        assert trace_in(tmp_path).name.endswith(f"Z-{session}.jsonl")
        assert (await _ask(house, "DELETE", f"/v1/sessions/{session}")).status_code == 204
        assert await caller.close_code() == 1000
        await until(lambda: not list(tmp_path.iterdir()))
