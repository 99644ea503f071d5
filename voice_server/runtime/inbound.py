"""What a connection brings in."""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.core import events
from voice_server.ports import Notice, Relayed


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound from the client, s16le at its input rate."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Acked:
    """All messages up to `seq` have arrived at the client."""

    seq: int


@dataclass(frozen=True, slots=True)
class Alive:
    """The client says nothing, and is known to be there: whatever carries it would say if it were not."""


@dataclass(frozen=True, slots=True)
class AfterSound:
    """This is about the sound that came before it: its turn comes when that has been heard."""

    what: events.Event | Relayed


Said = Heard | AfterSound | events.Event | Notice
"""What the client says, or somebody else on its behalf."""

Inbound = Said | Acked | Alive
"""What comes in: sound, acknowledgements, events for the core, pings to answer, complaints to send back."""
