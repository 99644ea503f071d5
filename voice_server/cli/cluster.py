"""`voice-server cluster`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from voice_server.cli.termination import ended_by_sigterm
from voice_server.errors import ConfigurationError, LinkError

BAD_INPUT = 2

console = Console(highlight=False, markup=False, soft_wrap=True)


def cluster(
    servers: Annotated[int, typer.Option(min=1, max=8, help="How many voice servers.")] = 2,
) -> None:
    """Start Redis, several voice servers and nginx in front, on this machine's loopback address.

    Each server takes about 0.7 GB of memory. Kill the one that you talk to, and the conversation goes on with
    another. Ctrl-C ends all of them.
    """
    try:
        asyncio.run(ended_by_sigterm(_until_interrupted(servers)))
    except (ConfigurationError, LinkError) as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"voice-server: {error}")
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        console.print("all ended")


async def _until_interrupted(servers: int) -> None:
    from voice_server.bench.cluster import cluster as started

    async with started(servers, lambda text: console.print(f"starting {text}")) as running:
        console.print(f"open {running.page}, or: voice-server talk --url {running.url}")
        for member in running.members:
            console.print(
                f"  the server on port {member.port} has process id {member.pid}: kill -9 {member.pid}"
            )
        console.print("Ctrl-C ends all")
        await asyncio.Event().wait()
