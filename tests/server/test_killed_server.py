"""One server with its file of sessions is killed while a call is open: its client answers the next one."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server.language_server import Calling, LanguageServer, Step, words
from tests.server.serving import ServerProcess, starting
from voice_server.bench.processes import free_ports
from voice_server.client.log import Entry, Message
from voice_server.client.voice_client import VoiceClient

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

TOOL = {"name": "look", "description": "Looks out of the window.", "parameters": {"type": "object"}}
SUNNY = "The sun shines."


def reply(said: Sequence[dict[str, Any]]) -> list[Step]:
    """Calls the tool, and tells its result."""
    return words(SUNNY) if said[-1]["role"] == "tool" else [Calling("look", "{}")]


@asynccontextmanager
async def serving(port: int, env: dict[str, str]) -> AsyncIterator[ServerProcess]:
    async with starting("--port", str(port), env=env) as server:
        yield await server.listens()


async def next_of(client: VoiceClient, *types: str) -> Message:
    while (entry := await client.receive()).type not in types:
        pass
    return entry.message


def is_numbered(entry: Entry) -> bool:
    return entry.from_server and entry.type not in ("audio", "session.resumed")


@pytest.mark.usefixtures("models_dir")
async def test_the_call_is_answered_after_kill_9_and_a_restart(
    tmp_path: Path, language_server: LanguageServer
) -> None:
    language_server.reply = reply
    settings = {"LLM__URL": language_server.url, "LLM__MODEL": "any", "STORE__PATH": str(tmp_path / "s.db")}
    env = {f"VOICE_SERVER_{name}": value for name, value in settings.items()}
    (port,) = free_ports(1)
    async with serving(port, env) as first, VoiceClient.connect(first.url, returning=True) as client:
        started = await client.start({"tools": [TOOL]})
        await client.send("user.text", text="How is the weather?")
        called = await next_of(client, "tool.call")
        os.kill(first.pid, signal.SIGKILL)
        await next_of(client, "connection")  # the call itself was an answer, whose end may come before
        async with serving(port, env):
            resumed = await next_of(client, "session.resumed")
            assert resumed["session"] == started["session"]
            await client.send("tool.result", call=called["call"], output={"sky": "clear"})
            done: Message = {"text": ""}
            while not done["text"]:
                done = await next_of(client, "response.done")
            await client.end()
    assert (done["status"], done["heard"]) == ("completed", SUNNY)
    told = language_server.asked[-1].messages
    assert [message["role"] for message in told] == ["system", "user", "assistant", "tool"]
    assert "clear" in told[-1]["content"]
    assert not client.log.received("error")
    numbers = [entry.message["seq"] for entry in client.log.entries if is_numbered(entry)]
    assert numbers == list(range(1, len(numbers) + 1)), "each message once"
