from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voice_server.client.link import SUBPROTOCOL, Link, WebSocketLink, open_link
from voice_server.client.memory_link import memory_links
from voice_server.errors import LinkError


@asynccontextmanager
async def memory_pair() -> AsyncIterator[tuple[Link, Link]]:
    yield memory_links()


@asynccontextmanager
async def websocket_pair() -> AsyncIterator[tuple[Link, Link]]:
    accepted: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def handle(connection: ServerConnection) -> None:
        accepted.put_nowait(connection)
        await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)]) as server:
        port = server.sockets[0].getsockname()[1]
        async with open_link(f"ws://127.0.0.1:{port}/v1/voice") as link:
            yield link, WebSocketLink(await accepted.get())


Pair = Callable[[], AbstractAsyncContextManager[tuple[Link, Link]]]

pairs = pytest.mark.parametrize("pair", [memory_pair, websocket_pair])


@pairs
async def test_text_and_bytes_arrive_in_order_both_ways(pair: Pair) -> None:
    async with pair() as (client, server):
        await client.send("one")
        await client.send(b"\x01\x02")
        await server.send("three")
        assert [await server.receive(), await server.receive()] == ["one", b"\x01\x02"]
        assert await client.receive() == "three"


@pairs
async def test_what_was_sent_before_a_close_still_arrives(pair: Pair) -> None:
    async with pair() as (client, server):
        await server.send("last words")
        await server.close(4429, "too many")
        assert await client.receive() == "last words"
        with pytest.raises(LinkError, match="the server is busy: too many") as refusal:
            await client.receive()
        assert refusal.value.close_code == 4429


@pairs
async def test_nothing_can_be_sent_on_a_closed_link(pair: Pair) -> None:
    async with pair() as (client, _server):
        await client.close()
        await client.close()
        with pytest.raises(LinkError):
            await client.send("anybody there?")


@pairs
async def test_a_cancelled_receive_loses_nothing(pair: Pair) -> None:
    async with pair() as (client, server):
        waiting = asyncio.ensure_future(client.receive())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await server.send("still here")
        assert await client.receive() == "still here"


async def test_the_key_travels_as_a_bearer_and_the_subprotocol_is_offered() -> None:
    seen: list[Request] = []

    def look(_connection: ServerConnection, request: Request) -> None:
        seen.append(request)

    async def handle(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0, process_request=look) as server:
        port = server.sockets[0].getsockname()[1]
        async with open_link(f"ws://127.0.0.1:{port}/", "secret"):
            pass
    assert seen[0].headers["Authorization"] == "Bearer secret"
    assert seen[0].headers["Sec-WebSocket-Protocol"] == "voice.v1"


@pytest.mark.parametrize(
    ("status", "says"), [(HTTPStatus.UNAUTHORIZED, "wants a key"), (HTTPStatus.NOT_FOUND, "no voice session")]
)
async def test_a_refusal_is_a_sentence(status: HTTPStatus, says: str) -> None:
    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(status, "no")

    async def handle(_connection: ServerConnection) -> None:
        raise AssertionError("nobody gets in")

    async with serve(handle, "127.0.0.1", 0, process_request=refuse) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(LinkError, match=says):
            async with open_link(f"ws://127.0.0.1:{port}/"):
                pass


@pytest.mark.parametrize("url", ["http://example.org", "what", "ws://127.0.0.1:1/v1/voice"])
async def test_an_address_that_leads_nowhere_is_a_sentence(url: str) -> None:
    with pytest.raises(LinkError, match=r"is no address like|no voice server answers"):
        async with open_link(url):
            pass
