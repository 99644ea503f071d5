"""Tools of real MCP servers: a program that is started, and a server at a URL."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from mcp.types import Tool

from tests.conftest import SetProxy
from tests.tools.running import calling, outputs, result
from voice_server.adapters.tools_mcp import LONGEST_NAME, McpServer, McpTools, named
from voice_server.core.tools import ToolCall
from voice_server.errors import ToolError

SERVER = Path(__file__).with_name("mcp_server.py")
PATIENCE_S = 60.0


def stdio(*arguments: str) -> McpServer:
    return McpServer("test", (sys.executable, str(SERVER), *arguments))


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port


def serve_http(port: int, notes: Path) -> subprocess.Popen[bytes]:
    """Start it, and return when it takes connections."""
    command = [sys.executable, str(SERVER), "--http", str(port), "--notes", str(notes)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not accepting(port):
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the server ended with {process.wait(timeout=0.1)}")
    return process


def accepting(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mcp") / "notes"


@pytest.fixture(scope="module", params=["stdio", "http"])
def tools(request: pytest.FixtureRequest, notes: Path) -> Iterator[McpTools]:
    if request.param == "stdio":
        runner = McpTools([stdio("--notes", str(notes))])
        yield runner
        runner.close()
        return
    port = free_port()
    process = serve_http(port, notes)
    try:
        runner = McpTools([McpServer("test", url=f"http://127.0.0.1:{port}/mcp")])
        yield runner
        runner.close()
    finally:
        process.kill()
        process.wait()


async def error_of(tools: McpTools, name: str, **arguments: object) -> str:
    with pytest.raises(ToolError) as raised:
        await result(tools, name, **arguments)
    return str(raised.value)


async def test_what_the_server_has_is_offered(tools: McpTools) -> None:
    add, *others = tools.specs
    assert (add.name, add.description) == ("test_add", "Add two numbers.")
    assert json.loads(add.parameters)["required"] == ["x", "y"]
    assert "test_get_list_v2" in [spec.name for spec in others]


async def test_calls_are_answered_also_many_at_once(tools: McpTools) -> None:
    sums = await asyncio.gather(*(result(tools, "test_add", x=n, y=n) for n in range(10)))
    assert sums == [str(2 * n) for n in range(10)]
    assert await result(tools, "test_get_list_v2", count=2) == "0\n1"


async def test_what_goes_wrong_is_said(tools: McpTools) -> None:
    assert "Error executing tool fail" in await error_of(tools, "test_fail")
    assert "x\n" in await error_of(tools, "test_add", x="one", y=2)
    assert await error_of(tools, "test_fly") == "there is no tool 'test_fly'"
    with pytest.raises(ToolError, match="there is no tool 'add'"):
        await outputs(tools, ToolCall("c1", "add", "{}"))


async def test_ten_megabytes_are_not_too_much(tools: McpTools) -> None:
    assert len(await result(tools, "test_big", length=10_000_000)) == 10_000_000


async def test_a_call_that_is_no_longer_wanted_is_cancelled_there(tools: McpTools, notes: Path) -> None:
    hanging = asyncio.create_task(result(tools, "test_hang"))
    await noted(notes, "hanging")
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    await noted(notes, "cancelled")
    assert await result(tools, "test_add", x=1, y=1) == "2"


async def noted(notes: Path, text: str) -> None:
    """Return when the server has noted this. Asks again and again."""
    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(read, notes) != text:
            pass


def read(notes: Path) -> str:
    return notes.read_text() if notes.exists() else ""


async def test_a_program_that_died_is_started_again() -> None:
    tools = McpTools([stdio()])
    try:
        first = int(await result(tools, "test_process"))
        os.kill(first, signal.SIGKILL)
        second = int(await result(tools, "test_process"))
        assert second != first
        assert "test_die failed" in await error_of(tools, "test_die")
        assert int(await result(tools, "test_process")) not in (first, second)
    finally:
        tools.close()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


async def test_a_server_that_comes_back_is_found_again(notes: Path, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    process = serve_http(port, notes)
    tools = McpTools([McpServer("test", url=f"http://127.0.0.1:{port}/mcp")])
    try:
        assert await result(tools, "test_add", x=1, y=1) == "2"
        process.kill()
        process.wait()
        process = serve_http(port, notes)
        assert await result(tools, "test_add", x=1, y=2) == "3"
    finally:
        tools.close()
        process.kill()
        process.wait()


async def test_no_proxy_is_asked_for_a_server_of_this_machine(notes: Path, set_proxy: SetProxy) -> None:
    set_proxy(f"http://127.0.0.1:{free_port()}")
    port = free_port()
    process = serve_http(port, notes)
    try:
        tools = McpTools([McpServer("test", url=f"http://127.0.0.1:{port}/mcp")])
        tools.close()
    finally:
        process.kill()
        process.wait()
    assert "test_add" in [spec.name for spec in tools.specs]


@pytest.mark.parametrize(
    "server",
    [
        McpServer("lost", ("no-such-program",)),
        McpServer("lost", (sys.executable, "-c", "print('hello')")),
        McpServer("lost", url=f"http://127.0.0.1:{free_port()}/mcp"),
    ],
)
async def test_a_server_that_is_away_is_named_and_harms_no_other(
    server: McpServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tools = McpTools([server, stdio()])
    try:
        assert "the MCP server lost is away: " in caplog.text
        assert {spec.name.partition("_")[0] for spec in tools.specs} == {"test"}
        assert await result(tools, "test_add", x=1, y=1) == "2"
    finally:
        tools.close()


def described(*names: str) -> Sequence[Tool]:
    return [Tool(name=name, input_schema={"type": "object"}) for name in names]


def test_names_are_those_that_models_take_and_differ() -> None:
    tools = named("s", described("a.b", "a b", "a/b", "ü", "x" * 80, "x" * 81))
    assert [own for _, own in tools.values()] == ["a.b", "a b", "a/b", "ü", "x" * 80, "x" * 81]
    assert list(tools) == [spec.name for spec, _ in tools.values()]
    first, second, third, umlaut, long, longer = tools
    assert (first, second, third, umlaut) == ("s_a_b", "s_a_b_2", "s_a_b_3", "s__")
    assert (len(long), len(longer)) == (LONGEST_NAME, LONGEST_NAME)
    assert longer.endswith("x_2")


def test_a_tool_without_a_description_has_its_name_for_one() -> None:
    ((spec, _),) = named("s", described("ring")).values()
    assert (spec.name, spec.description) == ("s_ring", "ring")


async def test_without_servers_there_are_no_tools() -> None:
    tools = McpTools([])
    assert tools.specs == ()
    with pytest.raises(ToolError, match="there is no tool"):
        await outputs(tools, calling("add"))
    tools.close()
