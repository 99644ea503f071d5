"""`voice-server talk`: a conversation in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.console import Console

from voice_server.audio.rates import INPUT_HZ
from voice_server.cli.sound_devices import open_devices, sound_library
from voice_server.cli.termination import ended_by_sigterm
from voice_server.client.conversation import Conversation
from voice_server.client.local_server import local_server
from voice_server.client.log import Message
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import ConfigurationError, LinkError

BAD_INPUT = 2

console = Console(highlight=False, markup=False)


def talk(
    url: Annotated[str | None, typer.Option(help="ws://HOST:PORT/v1/voice; none: starts a server.")] = None,
    key: Annotated[str | None, typer.Option(envvar="VOICE_SERVER_KEY", help="The server's key.")] = None,
    instructions: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
) -> None:
    """Talk with a server through this machine's microphone and loudspeaker. Ctrl-C hangs up.

    Wear headphones: nothing here keeps the assistant from hearing itself.
    """
    try:
        sound_library()
        config = {"instructions": instructions} if instructions else {}
        asyncio.run(ended_by_sigterm(_talk(url, key, config)))
    except (ConfigurationError, LinkError) as error:
        print_error(error)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        console.print("bye")


def told(message: Message) -> str | None:
    """What a message says to people; None for those that say nothing."""
    match message.get("type"):
        case "transcript.final":
            return f"you        {message['text']}"
        case "response.done":
            cut = "" if message["status"] == "completed" else f" [{message['status']}]"
            return f"assistant  {message['heard']}{cut}"
        case "error":
            return f"error      {message['message']}"
        case "connection":
            return f"           {message['lost']}; coming back"
        case "session.resumed":
            return "           back"
    return None


def print_error(error: Exception) -> None:
    """One sentence, on the error stream."""
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"voice-server: {error}")


async def _talk(url: str | None, key: str | None, config: Message) -> None:
    async with _server(url) as address, VoiceClient.connect(address, key, returning=True) as client:
        started = await client.start(config)
        output_hz = int(started["config"]["audio"]["output_rate"])
        with open_devices(INPUT_HZ, output_hz) as (source, sink):
            console.print("talk; Ctrl-C hangs up")
            await Conversation(client, output_hz, _show).hold(source, sink)


def _show(message: Message) -> None:
    if line := told(message):
        console.print(line)


@asynccontextmanager
async def _server(url: str | None) -> AsyncIterator[str]:
    if url:
        yield url
        return
    console.print("starting a server")
    async with local_server() as server:
        yield server.url
