"""What a client wanted in a captured session beside being heard, whatever protocol it said it in."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from voice_server.core import events
from voice_server.core.policy import SessionConfig
from voice_server.core.trace import decode, decode_event
from voice_server.observing.trace_sink import Record

WISHES = (*typing.get_args(events.ClientEvent), *typing.get_args(events.NewsEvent))
_NAMES = {kind.__name__ for kind in WISHES} - {"SessionBegan"}


@dataclass(frozen=True, slots=True)
class Change:
    """The client changed its configuration from one to another."""

    before: SessionConfig
    after: SessionConfig

    def made_to(self, config: SessionConfig) -> SessionConfig:
        """The same change to another one."""
        turn = replace(config.turn, **_differences(self.before.turn, self.after.turn))
        return replace(config, **{**_differences(self.before, self.after), "turn": turn})


Wish = events.ClientEvent | events.NewsEvent | Change


def wishes(config: SessionConfig, core: Iterable[Record]) -> Iterator[tuple[int, Wish]]:
    """From the core's records, each with its ms. `config`: what the session began with.

    That it was disconnected is no wish, nor is what the server's own tools answered.
    """
    run_here: set[str] = set()
    for record in core:
        event = record.get("event")
        if event and event["type"] in _NAMES and event.get("call") not in run_here:
            if event["type"] == "Configured":
                before, config = config, decode(SessionConfig, event["config"])
                yield record["at"], Change(before, config)
            elif event.get("reason") != "disconnected":
                yield record["at"], typing.cast(Wish, decode_event(event))
        run_here |= {each["call"]["id"] for each in record.get("commands", ()) if each["type"] == "RunTool"}


def _differences(before: Any, after: Any) -> dict[str, Any]:
    names = [field.name for field in fields(before)]
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
