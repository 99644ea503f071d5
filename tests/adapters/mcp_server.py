"""An MCP server with the official package: `mcp_server.py [--http PORT] [--notes FILE]`"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from mcp.server.mcpserver import MCPServer

server = MCPServer("test")
notes = Path(os.devnull)


@server.tool()
def add(x: int, y: int) -> str:
    """Add two numbers."""
    return str(x + y)


@server.tool(name="get list.v2")
def listed(count: int) -> list[int]:
    """List numbers."""
    return list(range(count))


@server.tool()
def fail() -> str:
    """Fail."""
    raise OSError("the disk is full")


@server.tool()
def big(length: int) -> str:
    """Give a long text."""
    return "x" * length


@server.tool()
def process() -> str:
    """Tell the number of the process."""
    return str(os.getpid())


@server.tool()
def die() -> str:
    """End at once."""
    os._exit(1)


@server.tool()
async def hang() -> str:
    """Wait for ever, and note how it ends."""
    notes.write_text("hanging")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        notes.write_text("cancelled")
        raise
    return "never"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--http", type=int)
    parser.add_argument("--notes", type=Path, default=notes)
    options = parser.parse_args()
    notes = options.notes
    if options.http:
        server.run("streamable-http", port=options.http)
    else:
        server.run("stdio")
