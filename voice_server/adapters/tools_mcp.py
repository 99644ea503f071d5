"""Tools of MCP servers, by the official `mcp` package: programs that are started, and servers at a URL.

The package's connections belong to the task that opened them, and its messages are parsed where that task
runs; so all of it lives in a thread with an event loop of its own, and a result of many megabytes holds up
nobody's voice. Each server has one task there, which connects, and connects again when the server was lost.

Before each call the server is asked for its tools anew: then it is known whether it lives. A call is made
once at most; one that was under way when the server died has failed, for it may have done its work.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2
from anyio.from_thread import start_blocking_portal
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent, Tool
from pydantic import ValidationError

from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ToolError
from voice_server.loopback import direct_mounts
from voice_server.ports import ToolOutput

CONNECT_S = 10.0
"""For a server to start, and to say what it has; and for one that does not answer whether it lives."""
FIRST_PAUSE_S = 0.5
LAST_PAUSE_S = 30.0
"""Before the next attempt to connect: it doubles from the first to the last."""
MOST_PAGES = 100
LONGEST_NAME = 64
"""Of a tool, as OpenAI's API takes it."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class McpServer:
    """Where one is: a program and its arguments, or a URL (streamable HTTP)."""

    name: str
    command: Sequence[str] = ()
    url: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    """For the program; of our own environment it gets only what is harmless."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """For each request to the URL, such as `Authorization`."""


class McpTools:
    """Fits `ports.ToolRunner`. Constructing it connects: for start-up; `close` it at the end.

    A tool is called SERVER_TOOL. A server that is away has no tools until it is back; it is looked for again
    and again, less and less often, and at once when one of its tools is called.
    """

    def __init__(self, servers: Sequence[McpServer]) -> None:
        self._connections = [_Connection(server) for server in servers]
        self._opening = start_blocking_portal()
        self._portal = self._opening.__enter__()
        self._held: list[Future[None]] = [
            self._portal.start_task_soon(connection.hold) for connection in self._connections
        ]
        self._portal.call(self._tried)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Those of the servers that are there."""
        return tuple(spec for connection in self._connections for spec in connection.specs)

    async def run(self, call: ToolCall) -> AsyncGenerator[ToolOutput, None]:
        """Have the server run it. Closing the generator has the server told that it is no longer wanted."""
        connection = next((each for each in self._connections if each.has(call.name)), None)
        if connection is None:
            raise ToolError(f"there is no tool {call.name!r}")
        running = self._portal.start_task_soon(connection.call, call)
        yield ToolOutput(await asyncio.wrap_future(running))

    def close(self) -> None:
        """Hang up, and end the programs."""
        for held in self._held:
            held.cancel()
        self._opening.__exit__(None, None, None)

    async def _tried(self) -> None:
        with anyio.move_on_after(CONNECT_S):
            for connection in self._connections:
                await connection.tried.wait()


class _Connection:
    """To one server. All of it but `specs` and `has` runs in the thread."""

    def __init__(self, server: McpServer) -> None:
        self._server = server
        self._tools: dict[str, tuple[ToolSpec, str]] = {}  # by our name: and the server's own
        self._client: Client | None = None
        self.tried = anyio.Event()
        """The first attempt is over."""
        self._changed = anyio.Event()

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(spec for spec, _ in self._tools.values()) if self._client else ()

    def has(self, name: str) -> bool:
        """Whether the tool was there when the server last was."""
        return name in self._tools

    async def hold(self) -> None:
        """Connect, again and again, for ever."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with self._connected():
                    pause_s = FIRST_PAUSE_S
                    while self._client:
                        await self._changed.wait()
            except Exception as error:
                logger.warning("the MCP server %s is away: %s", self._server.name, _cause(error))
            self._client = None
            self.tried.set()
            await self._wait(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)

    async def call(self, call: ToolCall) -> str:
        """The text of the result."""
        client, arguments = await self._living(), json.loads(call.arguments)
        if call.name not in self._tools:
            raise ToolError(f"there is no tool {call.name!r} any more")
        try:
            result = await client.call_tool(self._tools[call.name][1], arguments)
        except (MCPError, ValidationError, ValueError, RuntimeError) as error:
            raise ToolError(f"{call.name} failed: {error}") from error
        text = _text(result)
        if result.is_error:
            raise ToolError(text)
        return text

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        with anyio.fail_after(CONNECT_S) as limit:
            async with AsyncExitStack() as stack:
                client = await stack.enter_async_context(Client(await self._transport(stack)))
                await self._learn(client)
                limit.deadline = math.inf  # of the connecting alone; scopes end in the order of their nesting
                self._client = client
                self._tell()
                self.tried.set()
                yield

    async def _transport(self, stack: AsyncExitStack) -> Any:
        if self._server.url:
            timeout = httpx2.Timeout(CONNECT_S, read=None)
            headers, mounts = dict(self._server.headers), direct_mounts(self._server.url)
            http = httpx2.AsyncClient(headers=headers, timeout=timeout, mounts=mounts)
            return streamable_http_client(self._server.url, http_client=await stack.enter_async_context(http))
        program, *arguments = self._server.command
        parameters = StdioServerParameters(command=program, args=arguments, env=dict(self._server.env))
        return stdio_client(parameters, errlog=sys.__stderr__ or sys.stderr)

    async def _living(self) -> Client:
        """A client whose server answers. Raises ToolError where none does."""
        try:
            with anyio.fail_after(CONNECT_S):
                while True:
                    if client := self._client:
                        if await self._answers(client):
                            return client
                        self._lose(client)
                    self._tell()
                    await self._changed.wait()
        except TimeoutError:
            raise ToolError(f"the server of this tool, {self._server.name}, is away") from None

    async def _answers(self, client: Client) -> bool:
        try:
            with anyio.fail_after(CONNECT_S / 2):
                await self._learn(client)
        except (MCPError, ValidationError, RuntimeError, TimeoutError):
            return False
        return True

    async def _learn(self, client: Client) -> None:
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        self._tools = named(self._server.name, tools)

    def _lose(self, client: Client) -> None:
        if self._client is client:
            self._client = None

    def _tell(self) -> None:
        """Something is otherwise now: whoever waits looks again."""
        self._changed.set()
        self._changed = anyio.Event()

    async def _wait(self, seconds: float) -> None:
        """Or until somebody needs the server."""
        with anyio.move_on_after(seconds):
            await self._changed.wait()


def named(server: str, tools: Sequence[Tool]) -> dict[str, tuple[ToolSpec, str]]:
    """By names that models take and that all differ: what a server has, and what it calls that itself."""
    found: dict[str, tuple[ToolSpec, str]] = {}
    for tool in tools:
        name = _free(re.sub(r"[^a-zA-Z0-9_-]", "_", f"{server}_{tool.name}")[:LONGEST_NAME], found)
        schema = json.dumps(tool.input_schema, ensure_ascii=False, separators=(",", ":"))
        description = tool.description or tool.title or tool.name
        found[name] = (ToolSpec(name, description, schema), tool.name)
    return found


def _free(name: str, taken: Mapping[str, object]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[: LONGEST_NAME - 1 - len(str(number))]}_{number}"
    return free


def _text(result: CallToolResult) -> str:
    """What of it is text, and of the rest what it is; the structured form where there is nothing else."""
    parts = [
        block.text if isinstance(block, TextContent) else f"({block.type}, which cannot be spoken)"
        for block in result.content
    ]
    if parts or result.structured_content is None:
        return "\n".join(parts)
    return json.dumps(result.structured_content, ensure_ascii=False)


def _cause(error: BaseException) -> str:
    """The first that went wrong, out of its groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
