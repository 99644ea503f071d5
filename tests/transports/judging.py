"""Every event that a server of these tests makes for a Realtime client is judged, read or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.protocol.realtime.oracle import judged
from voice_server.protocol.realtime.codec import Codec
from voice_server.protocol.realtime.frames import Frame


@contextmanager
def every_event_judged() -> Iterator[None]:
    """Fails when it is left, if an event was not as it should be."""
    made, wrong = Codec._stamped, []

    def stamped(codec: Codec, frames: list[Frame]) -> list[Frame]:
        events = made(codec, frames)
        for event in events:
            try:
                judged(event)
            except (ValueError, AssertionError) as problem:
                wrong.append(problem)
        return events

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Codec, "_stamped", stamped)
        yield
    assert not wrong, wrong
