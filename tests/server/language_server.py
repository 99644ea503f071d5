"""A small OpenAI-compatible server: real HTTP, streamed answers by rule, a record of what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

TOKEN_S = 0.03
"""From one piece of text to the next."""


@dataclass(frozen=True, slots=True)
class Calling:
    """A tool is called; the arguments come in two pieces."""

    tool: str
    arguments: str

    @property
    def deltas(self) -> list[dict[str, Any]]:
        """What is streamed."""
        middle = len(self.arguments) // 2
        begin = {"name": self.tool, "arguments": self.arguments[:middle]}
        rest = {"arguments": self.arguments[middle:]}
        return [
            {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": begin}]},
            {"tool_calls": [{"index": 0, "function": rest}]},
        ]


Step = str | Calling | Literal[500] | None
"""A piece of text; a call; an error of the server; None: nothing more comes, and the stream stays open."""
Reply = Callable[[Sequence[dict[str, Any]]], Sequence[Step]]


def words(text: str) -> list[Step]:
    """The text word by word."""
    return [f"{word} " for word in text.split()]


@dataclass(slots=True)
class Asked:
    """One request."""

    messages: list[dict[str, Any]]
    tools: list[str]
    """The names of those that it might call."""
    ending: Literal["open", "finished", "closed"] = "open"
    """`closed`: the client hung up before the answer had ended."""


class LanguageServer:
    """Answers by `reply`, which is given the messages."""

    def __init__(self) -> None:
        self.url = ""
        """For `llm.url`, once it is open."""
        self._port = 0
        self._listening: asyncio.Server | None = None
        self.asked: list[Asked] = []
        self.reply: Reply = lambda messages: words("I see.")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take connections, on a port of loopback that it keeps."""
        await self._listen()
        try:
            yield
        finally:
            self._refuse()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Refuse connections for a while."""
        self._refuse()
        try:
            yield
        finally:
            await self._listen()

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(self._answer, "127.0.0.1", self._port)
        self._port = self._listening.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/v1"

    def _refuse(self) -> None:
        assert self._listening
        self._listening.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            body = await _body(reader)
            asked = Asked(body["messages"], [tool["function"]["name"] for tool in body.get("tools", ())])
            self.asked.append(asked)
            await self._stream(asked, reader, writer)
        finally:
            writer.close()

    async def _stream(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        steps = self.reply(asked.messages)
        writer.write(_head(500 if 500 in steps else 200))
        hung_up = asyncio.ensure_future(reader.read())
        try:
            for step in steps:
                for delta in _deltas(step):
                    writer.write(_event({"choices": [{"index": 0, "delta": delta}]}))
                done, _ = await asyncio.wait({hung_up}, timeout=None if step is None else TOKEN_S)
                if done:
                    asked.ending = "closed"
                    return
            writer.write(b"data: [DONE]\n\n")
            asked.ending = "finished"
        finally:
            hung_up.cancel()


def _deltas(step: Step) -> list[dict[str, Any]]:
    if isinstance(step, Calling):
        return step.deltas
    return [{"content": step}] if isinstance(step, str) else []


async def _body(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].split()[0])
    body: dict[str, Any] = json.loads(await reader.readexactly(length))
    assert body["stream"] is True
    return body


def _head(status: int) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n".encode()


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps({'object': 'chat.completion.chunk', **chunk})}\n\n".encode()
