"""What a connection remembers of what was said on it: settings, items, and what was asked for.

Ids are made here, from numbers of the core and a scope of the session's own, so that a client that comes back
with old ids names nothing of the new session. Whose turn it is, is not known here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from voice_server.core.policy import SessionConfig
from voice_server.protocol.realtime.client_events import ResponsePatch
from voice_server.protocol.realtime.items import Items
from voice_server.protocol.realtime.responding import Responding
from voice_server.protocol.realtime.session_settings import Settings

REMEMBERED_RESPONSES = 64
"""So many may still be truncated."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A `response.create` on its way through the core."""

    patch: ResponsePatch
    event_id: str | None


@dataclass(frozen=True, slots=True)
class House:
    """What the server is, whoever calls."""

    base: SessionConfig
    """What a session is set to before its client says anything."""
    voices: tuple[str, ...] = ()
    in_band: bool = True
    """Whether sound goes the same way as the events; not over WebRTC."""


@dataclass
class Dialogue:
    """The memory of one connection."""

    scope: str
    settings: Settings
    house: House
    items: Items = field(default_factory=Items)
    promised: set[str] = field(default_factory=set)
    """Ids of items that are on their way into the conversation."""
    asked: dict[str, Asked] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    """Functions that were called here and not answered."""
    cut_offs: int = 0
    """So many responses were broken off."""
    committed_ms: int = 0
    """What was heard before this is part of an item, or forgotten. Input clock."""
    current: Responding | None = None
    said: deque[Responding] = field(default_factory=lambda: deque(maxlen=REMEMBERED_RESPONSES))

    @property
    def conversation_id(self) -> str:
        """The one conversation."""
        return f"conv_{self.scope}"

    def turn_item(self, turn: int) -> str:
        """The item of a spoken turn."""
        return f"item_{self.scope}_u{turn}"

    def response_id(self, response: int) -> str:
        """As the client knows it."""
        return f"resp_{self.scope}_{response}"

    def knows(self, item_id: str) -> bool:
        """Whether there is such an item, or will be."""
        return item_id in self.items or item_id in self.promised

    def response_of(self, item_id: str) -> Responding | None:
        """The response that said it."""
        return next((said for said in self.said if said.message_id == item_id), None)
